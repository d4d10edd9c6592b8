/* An appointment: cancellations and reschedules by its owner, and news from its workforce system.
 *
 * A change is a cancellation or a reschedule; its number goes to the workforce system with each of its commands.
 * A reschedule has an appointment-request of its own, as 301 beside 300.
 */
#ifndef CANCELLATIONS
#define CANCELLATIONS 1 /* that the owner may ask for */
#endif
#ifndef RESCHEDULES
#define RESCHEDULES 1
#endif
#ifndef NETWORK_MOVES
#define NETWORK_MOVES 0 /* that the network makes by itself */
#endif
#ifndef VISITS
#define VISITS true /* whether the network cancels, begins and ends visits */
#endif
#ifndef REFUSALS
#define REFUSALS 1 /* cancels that the workforce system refuses, for reasons of its own */
#endif
#ifndef DOUBLES
#define DOUBLES 1 /* news that it sends again */
#endif
#define CHANGES 2
#ifndef NEWS
#define NEWS 3
#endif
#ifndef READERS
#define READERS 1 /* of the news; two where the lease of the first expires */
#endif
#define NOWHERE 2

#include "windows.pml"

mtype:appointment_state = { unconfirmed, booked, cancelling, rescheduling, in_progress, completed, cancelled }
mtype:change_state = { not_made, deciding, done, refused }
mtype:request_state = { open, taken_up, converted }
mtype:visit_state = { planned, begun, ended, gone }
mtype:news_kind = { no_news, work_began, work_ended, network_cancelled, network_moved }

/* The database. */
mtype:appointment_state appointment = unconfirmed
byte window, version /* where the visit is, and the workforce system's version of that */
mtype:change_state change[CHANGES + 1] = not_made
mtype:job_kind kind_of[CHANGES + 1] = no_job
byte wanted[CHANGES + 1] /* the window of a reschedule */
mtype:request_state request[CHANGES + 1] = open
byte current /* the latest change */
byte occupancy = 1
byte cursor

/* Answers to callers, and counts that no row has. */
mtype:change_state answered[CHANGES + 1] = not_made
byte cancellations = CANCELLATIONS, reschedules = RESCHEDULES, cancel_events

#include "visit.pml"
#include "work.pml"

/* The end of the booking: its worker has the answer, and has not yet written it. */
proctype confirmation() {
    atomic { appointment = booked; window = 0; version = 1 }
}

#define FINAL (appointment == completed || appointment == cancelled)
#define STANDS (appointment != unconfirmed && !FINAL)
#define CHANGING (appointment == cancelling || appointment == rescheduling)

/* A caller reads the outcome in the moment in which it is written. */
inline decide(n, state) {
    change[n] = state;
    if
    :: answered[n] == not_made -> answered[n] = state
    :: else
    fi
}

inline new_change(kind) {
    current++;
    kind_of[current] = kind
}

inline end_appointment(state) {
    appointment = state;
    occupancy--;
    cancel_events = cancel_events + (state == cancelled)
}

#ifdef TWO_CHANGES
#define MAY_CHANGE (appointment == booked || CHANGING)
#else
#define MAY_CHANGE (appointment == booked)
#endif

/* POST .../appointment-cancellations/request and POST .../appointment-reschedules/request. A call that is repeated, or
 * refused with 422, changes no row: it is no step here. */
inline begin(kind, state) {
    new_change(kind);
    change[current] = deciding;
    appointment = state;
#ifdef TWO_CHANGES
    job_kind = no_job;
#endif
    add_job(kind, current)
}

proctype owner() {
    do
    :: atomic { cancellations > 0 && MAY_CHANGE -> cancellations--; begin(cancel, cancelling) }
    :: atomic {
        cancellations > 0 && (appointment == in_progress || appointment == completed) ->
            cancellations--; new_change(cancel); decide(current, refused)
    }
    :: atomic {
        cancellations > 0 && appointment == cancelled && !(kind_of[current] == cancel && change[current] == done) ->
            cancellations--; new_change(cancel); decide(current, done)
    }
    :: atomic {
        reschedules > 0 && MAY_CHANGE ->
            reschedules--;
            begin(reschedule, rescheduling);
            request[current] = taken_up;
            if
            :: wanted[current] = 0
            :: wanted[current] = 1
            fi
    }
    :: atomic {
        reschedules > 0 && (appointment == in_progress || FINAL) ->
            reschedules--; new_change(reschedule); decide(current, refused)
    }
    :: break
    od
}

/* A pending cancellation ends with the news; a pending reschedule ends when its job has given the new place back. */
inline end_pending(state) {
    if
    :: appointment == cancelling -> decide(current, state)
#ifdef RESCHEDULE_ENDED_BY_NEWS
    :: appointment == rescheduling -> decide(current, refused); request[current] = open
#endif
    :: else
    fi
}

inline apply(i) {
    if
    :: news[i] == work_began && STANDS && appointment != in_progress -> end_pending(refused); appointment = in_progress
    :: news[i] == work_ended && STANDS -> end_pending(refused); end_appointment(completed)
    :: news[i] == network_cancelled && STANDS -> end_pending(done); end_appointment(cancelled)
#ifdef MOVED_NEWS_WITHOUT_VERSION
    :: news[i] == network_moved && STANDS ->
#else
    :: news[i] == network_moved && STANDS && news_version[i] > version ->
#endif
        window = news_window[i]; version = news_version[i]
    :: else /* it does not fit: it is older or repeated */
    fi
}

#ifdef NEWS_OF_UNKNOWN_DROPPED
#define KNOWN true
#else
#define KNOWN (appointment != unconfirmed) /* news of an appointment that is not there yet is kept until it is */
#endif

proctype reader() {
    byte from;
    do
    :: atomic { cursor < sent && KNOWN -> from = cursor };
#ifdef NEWS_CURSOR_APART
        atomic { if :: cursor == from -> cursor++ :: else -> goto again fi };
        if
        :: atomic { apply(from) }
        :: atomic { crashes > 0 -> crashes-- }
        fi;
#else
        if
        :: atomic { cursor == from -> apply(from); cursor = from + 1 }
        :: atomic { cursor != from }
        :: atomic { crashes > 0 -> crashes-- }
        fi;
#endif
again:  from = 0
    od
}

#ifdef RESULT_UNCHECKED
#define STILL(state) true
#else
#define STILL(state) (appointment == state)
#endif

inline cancel_result() {
    if
    :: answer == unknown -> postpone()
    :: answer != unknown && !MINE
    :: answer != unknown && MINE ->
        finish();
        if
        :: STILL(cancelling) && answer == yes -> end_appointment(cancelled); decide(my_about, done)
        :: STILL(cancelling) && answer == no -> appointment = booked; decide(my_about, refused)
        :: !STILL(cancelling) /* the news has ended it */
        fi
    fi
}

inline end_reschedule(state, its_request) {
    finish();
    decide(my_about, state);
    request[my_about] = its_request
}

inline move_result() {
    if
    :: answer == unknown -> postpone()
    :: answer != unknown && !MINE
    :: answer != unknown && MINE ->
        if
        :: STILL(rescheduling) && answer == yes ->
            end_reschedule(done, converted);
            appointment = booked;
            if
            :: verdict_version[my_about] > version -> window = wanted[my_about]; version = verdict_version[my_about]
            :: else /* the network has moved it since */
            fi
        :: STILL(rescheduling) && answer == no -> end_reschedule(refused, open); appointment = booked
        :: STILL(rescheduling) && answer == undone -> assert(false)
#ifdef NO_UNDO
        :: !STILL(rescheduling) -> end_reschedule(refused, open)
#else
        :: !STILL(rescheduling) -> postpone() /* the news wins; the next claim gives the new place back */
#endif
        fi
    fi
}

inline undo_result() {
    if
    :: answer == unknown -> postpone()
    :: answer != unknown && MINE -> end_reschedule(refused, open)
    :: answer != unknown && !MINE
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
        :: change[my_about] != deciding -> finish(); forget(); goto idle
        :: change[my_about] == deciding && my_kind == cancel -> my_operation = cancel_it
        :: change[my_about] == deciding && my_kind == reschedule && appointment == rescheduling -> my_operation = move_it
        :: change[my_about] == deciding && my_kind == reschedule && appointment != rescheduling -> my_operation = undo_it
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
        :: my_operation == cancel_it -> cancel_result()
        :: my_operation == move_it -> move_result()
        :: my_operation == undo_it -> undo_result()
        fi;
        forget()
    }
    fi;
    goto idle
}

#define IS_DECIDING(n) (change[n] == deciding)
#define QUIET (cursor == sent && !IS_DECIDING(1) && !IS_DECIDING(2) && appointment != unconfirmed)

/* An outcome never differs from the first answer to a caller. A refused cancellation never cancels later. */
#define CHANGE_FITS(n) \
    ((change[n] == deciding || change[n] == answered[n]) \
    && (kind_of[n] != cancel || change[n] != done || (appointment == cancelled && visit == gone)) \
    && (kind_of[n] != cancel || change[n] != refused || verdict[n] != yes || cancelled_by_network) \
    && (kind_of[n] != reschedule || ((change[n] == done) == (request[n] == converted))) \
    && (kind_of[n] != reschedule || ((change[n] == deciding) == (request[n] == taken_up))))

/* The places taken in a window: the visit's and the others', and no more than there are. */
#define TAKEN_BY(w) \
    (taken[w] == rival[w] + (visit != gone && place == w) && (taken[w] <= CAPACITY || too_full[w]))

proctype checks() {
    end: do
    /* D42, D46: what is acknowledged stays true. */
    :: atomic { !CHANGE_FITS(1) || !CHANGE_FITS(2) -> assert(false) }
    /* D46a: one change at a time. */
    :: atomic { IS_DECIDING(1) && IS_DECIDING(2) -> assert(false) }
    /* D43: places come back exactly once; D46: never none, nor two; none beyond the capacity but by an undo. */
    :: atomic {
        !TAKEN_BY(0) || !TAKEN_BY(1) || place > 1 -> assert(false)
    }
    /* D46: once it is decided, the place is where the appointment is, whatever arrives late. */
    :: atomic { QUIET && visit != gone && place != window -> assert(false) }
    /* D45: a state that was reported is never taken back, and nothing is cancelled that stands. */
    :: atomic { appointment == cancelled && visit != gone -> assert(false) }
    :: atomic { appointment == in_progress && visit == planned -> assert(false) }
    :: atomic { appointment == completed && visit != ended -> assert(false) }
    :: atomic { QUIET && (appointment == booked) != (visit == planned) -> assert(false) }
    /* D27, D1. */
    :: atomic { occupancy != !FINAL || cancel_events > 1 -> assert(false) }
    /* The end: nothing can happen any more. */
    :: atomic { timeout ->
        assert(job_kind == no_job && QUIET && !CHANGING);
        assert((appointment == in_progress) == (visit == begun) && (appointment == completed) == (visit == ended));
        break
    }
    od
}

init {
    atomic {
        taken[0] = 1;
        if
        :: READERS > 1 -> run reader()
        :: else
        fi;
        run worker(); run worker(); run owner(); run reader(); run confirmation(); run workforce();
        run network(); run others(); run checks()
    }
}
