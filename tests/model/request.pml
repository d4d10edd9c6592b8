/* An appointment-request: its search, two booking attempts, cancels by the owner, transfers of its order. */
#ifndef TRANSFERS
#define TRANSFERS 2 /* the order goes to another owner and back */
#endif
#define ATTEMPTS 2

#include "windows.pml"

mtype:request_state = { searching, open, booking, booked, failed, cancelled }
mtype:attempt_state = { not_made, under_way, confirmed, refused }
mtype:reservation_state = { undecided, reserved, refused_for_ever, released }

/* The database. */
mtype:request_state request = searching
mtype:attempt_state attempt[ATTEMPTS + 1]
byte slot_of[ATTEMPTS + 1] /* slot s is the one of window s */
byte current /* the latest attempt */
byte occupancy
byte appointments
bool offered[2]
bool is_foreign /* the order belongs to another owner */
bool is_transferred /* the order was transferred during the current attempt: for good, also when it comes back */

/* The workforce system: one decision for each key, for ever. */
mtype:reservation_state reservation[ATTEMPTS + 1]

/* Answers to callers, and counts that no row has. */
bool answered_204, answered_refused[ATTEMPTS + 1]
byte cancel_events

inline execute(operation, key) {
    if
    :: operation == find_slots -> answer = yes
    :: operation == reserve_it ->
        if
#ifdef REFUSAL_FORGOTTEN
        :: reservation[key] == undecided || reservation[key] == refused_for_ever ->
#else
        :: reservation[key] == undecided ->
#endif
            if
            :: taken[slot_of[key]] < CAPACITY -> taken[slot_of[key]]++; reservation[key] = reserved
            :: else -> reservation[key] = refused_for_ever
            fi
        :: else
        fi;
        answer = (reservation[key] == reserved -> yes : no)
    :: operation == cancel_it ->
        if
        :: reservation[key] == reserved -> taken[slot_of[key]]--; reservation[key] = released
#ifdef CAPACITY_BACK_WITHOUT_KEY
        :: reservation[key] == released -> taken[slot_of[key]]--
#endif
#ifdef CANCELLED_KEY_FORGOTTEN
        :: reservation[key] == undecided
        :: else -> reservation[key] = (reservation[key] == undecided -> undecided : released)
#else
        :: else -> reservation[key] = released
#endif
        fi;
        answer = undone
    fi
}

#include "work.pml"

/* POST .../appointment-requests/cancel */
#define CAN_CANCEL (request == searching || request == open || request == failed)

proctype canceller() {
    do
#ifdef CANCEL_CHECKS_THEN_WRITES
    :: CAN_CANCEL -> atomic { request = cancelled; answered_204 = true }
#else
    :: atomic { CAN_CANCEL -> request = cancelled; cancel_events++; answered_204 = true }
#endif
    :: break
    od
}

/* POST .../appointments/request */
#ifdef BOOK_UNCHECKED
#define CAN_BOOK(slot) (request != searching && current < ATTEMPTS && job_kind == no_job)
#else
#define CAN_BOOK(slot) (request == open && !is_foreign && occupancy == 0 && offered[slot] && current < ATTEMPTS)
#endif

inline book_slot(slot) {
    request = booking;
    current++;
    slot_of[current] = slot;
    attempt[current] = under_way;
    occupancy++
}

proctype booker() {
    do
#ifdef JOB_APART
    :: atomic { CAN_BOOK(0) -> book_slot(0) };
        if
        :: atomic { job_kind == no_job -> add_job(book, current) }
        :: atomic { crashes > 0 -> crashes-- }
        fi
#else
    :: atomic { CAN_BOOK(0) -> book_slot(0); add_job(book, current) }
    :: atomic { CAN_BOOK(1) -> book_slot(1); add_job(book, current) }
#endif
    :: break
    od
}

/* orders import --transfer */
proctype operator() {
    byte transfers;
    do
    :: transfers < TRANSFERS ->
        transfers++;
        atomic {
            is_foreign = !is_foreign;
            if
            :: CAN_CANCEL -> request = cancelled; cancel_events++
            :: request == booking -> is_transferred = true
            :: else
            fi
        }
    :: break
    od
}

#ifdef TRANSFER_BY_COMPARISON
#define TO_UNDO is_foreign
#else
#define TO_UNDO is_transferred
#endif

inline search_result() {
    if
    :: answer == unknown -> postpone()
    :: answer != unknown && MINE ->
        finish();
        if
#ifdef SEARCH_UNCHECKED
        :: true ->
#else
        :: request == searching ->
#endif
            if
            :: request = open; offered[0] = true; offered[1] = true
            :: request = failed
            fi
        :: else
        fi
    :: answer != unknown && !MINE
    fi
}

inline refuse(state) {
    request = state;
    attempt[my_about] = refused;
    answered_refused[my_about] = true;
    occupancy--
}

#ifdef CONFIRM_UNCHECKED
#define AT_THIS_ATTEMPT true
#else
#define AT_THIS_ATTEMPT (request == booking && current == my_about)
#endif

inline book_result() {
    if
#ifdef UNKNOWN_IS_NO
    :: answer == unknown && MINE && AT_THIS_ATTEMPT -> finish(); refuse(open)
    :: answer == unknown && !(MINE && AT_THIS_ATTEMPT)
#else
    :: answer == unknown -> postpone()
#endif
    :: answer != unknown && !MINE
    /* The holder of the claim finds its attempt under way: either check alone is enough. */
    :: answer != unknown && MINE && !AT_THIS_ATTEMPT -> assert(job_holder != _pid)
    :: answer != unknown && MINE && AT_THIS_ATTEMPT ->
        if
        :: answer == yes && TO_UNDO -> postpone()
        :: answer != yes && TO_UNDO -> finish(); refuse(cancelled)
        :: answer != yes && !TO_UNDO -> finish(); refuse(open); offered[slot_of[my_about]] = false
        :: answer == yes && !TO_UNDO ->
            finish();
            request = booked;
            attempt[my_about] = confirmed;
            appointments++
        fi
    fi
}

proctype worker() {
    mtype:job_kind my_kind = no_job;
    mtype:operation my_operation = no_operation;
    mtype:reply answer = unknown;
    byte my_about;
idle:
    atomic {
        DUE -> claim();
        if
        :: my_kind == search -> my_operation = find_slots
        :: my_kind == book && TO_UNDO -> my_operation = cancel_it
        :: my_kind == book && !TO_UNDO -> my_operation = reserve_it
        fi
    }
    if
    :: atomic { crashes > 0 -> crash(); goto idle }
    :: atomic { call() }
    fi;
    if
    :: atomic { crashes > 0 -> crash(); goto idle }
    :: atomic {
        if
        :: my_kind == search -> search_result()
        :: my_kind == book -> book_result()
        fi;
        forget()
    }
    fi;
    goto idle
}

#define PLACES(w) (rival[w] + (reservation[1] == reserved && slot_of[1] == w) + (reservation[2] == reserved && slot_of[2] == w))

/* Whether the states of an attempt, its reservation and its request fit each other. */
#define ATTEMPT_FITS(n) \
    ((attempt[n] != confirmed || (request == booked && reservation[n] == reserved)) \
    && (attempt[n] != refused || (reservation[n] != reserved && reservation[n] != undecided)) \
    && (attempt[n] != under_way || (request == booking && current == n)) \
    && (!answered_refused[n] || attempt[n] == refused))

proctype checks() {
    end: do
    /* D6: never both. What was acknowledged stays true: D1, D5. */
    :: atomic { answered_204 && (appointments > 0 || request != cancelled) -> assert(false) }
    :: atomic { cancel_events > 1 || appointments > 1 -> assert(false) }
    /* D29, D34: an appointment has a place, a refused attempt none, and both stay so. */
    :: atomic { !ATTEMPT_FITS(1) || !ATTEMPT_FITS(2) -> assert(false) }
    /* Capacity is taken once and given back once. */
    :: atomic { taken[0] != PLACES(0) || taken[1] != PLACES(1) -> assert(false) }
    /* D27. */
    :: atomic { occupancy != (request == booking) + appointments -> assert(false) }
    /* The end: nothing can happen any more. */
    :: atomic { timeout ->
        assert(job_kind == no_job && request != searching && request != booking);
        assert((reservation[1] == reserved) + (reservation[2] == reserved) == appointments);
        break
    }
    od
}

init {
    atomic {
        attempt[0] = not_made; attempt[1] = not_made; attempt[2] = not_made;
        reservation[0] = undecided; reservation[1] = undecided; reservation[2] = undecided;
        add_job(search, 0);
        run worker(); run worker(); run canceller(); run booker(); run operator(); run network(); run others();
        run checks()
    }
}
