/* Kinds of jobs, operations of a workforce system, and two windows that other customers want too. */
#define CAPACITY 1

mtype:job_kind = { no_job, search, book, cancel, reschedule }
mtype:operation = { no_operation, find_slots, reserve_it, cancel_it, move_it, undo_it }
mtype:reply = { unknown, yes, no, undone }

#ifndef RIVALS
#define RIVALS 1 /* places that they take */
#endif
byte taken[2]
bool rival[2]
byte rivals = RIVALS

inline rival_takes(w) {
    rivals--; rival[w] = true; taken[w]++
}

inline rival_leaves(w) {
    rival[w] = false; taken[w]--
}

proctype others() {
    do
    :: atomic { rivals > 0 && taken[0] < CAPACITY -> rival_takes(0) }
    :: atomic { rivals > 0 && taken[1] < CAPACITY -> rival_takes(1) }
    :: atomic { rival[0] -> rival_leaves(0) }
    :: atomic { rival[1] -> rival_leaves(1) }
    od
}
