/* A visit in the workforce system, as the model of an appointment has it: decisions and news. */

/* The workforce system: one decision for each number, for ever. */
mtype:visit_state visit = planned
byte place, place_version = 1
mtype:reply verdict[CHANGES + 1] = unknown
byte verdict_version[CHANGES + 1], came_from[CHANGES + 1]
byte moved_by /* the reschedule that has put the visit where it is */
mtype:news_kind news[NEWS] = no_news
byte news_window[NEWS], news_version[NEWS], sent
byte refusals = REFUSALS, network_moves = NETWORK_MOVES, doubles = DOUBLES
bool cancelled_by_network
bool too_full[2] /* an undo has taken more than the capacity */

#ifdef CANCEL_WITHOUT_NUMBER
#define ANSWERED_CANCEL(n) (verdict[n] == yes)
#else
#define ANSWERED_CANCEL(n) (verdict[n] != unknown)
#endif
#ifdef MOVE_WITHOUT_NUMBER
#define ANSWERED_MOVE(n) false
#else
#define ANSWERED_MOVE(n) (verdict[n] != unknown)
#endif

inline put_at(w) {
    taken[w]++;
    taken[place]--;
    place = w;
    place_version++
}

inline cancel_visit(n) {
    if
#ifdef CAPACITY_BACK_WITHOUT_KEY
    :: visit == gone -> taken[place]--; verdict[n] = yes
#else
    :: visit == gone -> verdict[n] = yes
#endif
    :: visit == begun || visit == ended -> verdict[n] = no
    :: visit == planned && refusals > 0 -> refusals--; verdict[n] = no
    :: visit == planned -> visit = gone; taken[place]--; verdict[n] = yes
    fi
}

inline move_visit(n) {
    if
    :: visit != planned -> verdict[n] = no
    :: visit == planned && place == wanted[n] -> verdict[n] = yes; verdict_version[n] = place_version
    :: visit == planned && place != wanted[n] && taken[wanted[n]] >= CAPACITY -> verdict[n] = no
#ifdef MOVE_IN_TWO_STEPS
    :: visit == planned && place != wanted[n] && taken[wanted[n]] < CAPACITY && place < NOWHERE ->
        taken[place]--; place = NOWHERE
    :: visit == planned && place == NOWHERE && taken[wanted[n]] < CAPACITY ->
        place = wanted[n]; taken[place]++; verdict[n] = yes
#else
    :: visit == planned && place != wanted[n] && taken[wanted[n]] < CAPACITY ->
        came_from[n] = place;
        put_at(wanted[n]);
        moved_by = n;
        verdict[n] = yes;
        verdict_version[n] = place_version
#endif
    fi
}

/* Never refused: the visit goes back to its window even if that is full meanwhile. */
inline undo_move(n) {
    if
    :: moved_by == n && visit != gone ->
#ifdef UNDO_NEEDS_CAPACITY
        if
        :: taken[came_from[n]] < CAPACITY -> put_at(came_from[n]); moved_by = 0
        :: else
        fi;
#else
        if
        :: taken[came_from[n]] >= CAPACITY -> too_full[came_from[n]] = true
        :: else
        fi;
        put_at(came_from[n]);
        moved_by = 0;
#endif
    :: else
    fi;
    verdict[n] = undone
}

inline execute(operation, n) {
    if
    :: operation == cancel_it && ANSWERED_CANCEL(n) -> answer = verdict[n]
    :: operation == cancel_it && !ANSWERED_CANCEL(n) -> cancel_visit(n); answer = verdict[n]
    :: operation == move_it && ANSWERED_MOVE(n) -> answer = verdict[n]
    :: operation == move_it && !ANSWERED_MOVE(n) -> move_visit(n); answer = verdict[n]
    :: operation == undo_it -> undo_move(n); answer = undone
    fi
}

/* News, oldest first. */
inline send(kind) {
    news[sent] = kind;
    news_window[sent] = (kind == network_moved -> place : 0);
    news_version[sent] = (kind == network_moved -> place_version : 0);
    sent++
}

inline send_again(i) {
    doubles--;
    news[sent] = news[i];
    news_window[sent] = news_window[i];
    news_version[sent] = news_version[i];
    sent++
}

proctype workforce() {
    do
    :: atomic { VISITS && visit == planned && sent < NEWS -> visit = begun; send(work_began) }
    :: atomic { VISITS && (visit == planned || visit == begun) && sent < NEWS -> visit = ended; send(work_ended) }
    :: atomic {
        VISITS && (visit == planned || visit == begun) && sent < NEWS ->
            visit = gone; taken[place]--; cancelled_by_network = true; send(network_cancelled)
    }
    /* The owner's own cancellation as news. */
    :: atomic { doubles > 0 && visit == gone && !cancelled_by_network && sent < NEWS -> doubles--; send(network_cancelled) }
    :: atomic {
        network_moves > 0 && visit == planned && sent < NEWS && taken[1 - place] < CAPACITY ->
            network_moves--; put_at(1 - place); moved_by = 0; send(network_moved)
    }
    :: atomic { doubles > 0 && sent > 0 && sent < NEWS -> send_again(0) }
    :: atomic { doubles > 0 && sent > 1 && sent < NEWS -> send_again(sent - 1) }
    :: break
    od
}
