/* Jobs, leases, and calls to a workforce system: the part that every model shares.
 *
 * A transaction is one atomic block: the service locks the rows, decides and writes in one commit. A model that includes
 * this file defines execute(operation, about), which lets the workforce system decide and sets `answer`.
 *
 * Faults are counted down. When none is left, everything must end.
 */
#ifndef CRASHES
#define CRASHES 1 /* workers, or servers, that are killed */
#endif
#ifndef PAUSES
#define PAUSES 1 /* leases that expire although their worker lives */
#endif
#ifndef LOSSES
#define LOSSES 2 /* commands and answers that are lost, late or doubled */
#endif

#define NOBODY 0


byte crashes = CRASHES, pauses = PAUSES, losses = LOSSES

/* The row of the table of jobs. job_holder stands for the number of tries: it names the latest claim, and a worker that is
 * not the holder has a claim that another worker has taken over. */
mtype:job_kind job_kind = no_job
byte job_about, job_holder

/* A command that the network delivers later. */
mtype:operation late_operation = no_operation
byte late_about

inline add_job(kind, about) {
    assert(job_kind == no_job);
    job_kind = kind;
    job_about = about;
    job_holder = NOBODY
}

/* Due: nobody holds the lease, or it expired while its worker is paused. */
#ifdef NO_LEASE
#define DUE (job_kind != no_job && job_holder == NOBODY)
#else
#define DUE (job_kind != no_job && (job_holder == NOBODY || pauses > 0))
#endif

inline claim() {
    if
    :: job_holder != NOBODY -> pauses--
    :: else
    fi;
    job_holder = _pid;
    my_kind = job_kind;
    my_about = job_about
}

#ifdef NO_COMPARE_AND_SET
#define MINE true
#else
#define MINE (job_holder == _pid)
#endif

/* The end of a job, in the transaction of its result; the caller has checked MINE. */
inline finish() {
    if
    :: job_kind == my_kind && job_about == my_about -> job_kind = no_job; job_about = 0; job_holder = NOBODY
    :: else
    fi
}

inline postpone() {
    if
    :: job_holder == _pid -> job_holder = NOBODY
    :: else
    fi
}

/* The worker is killed: what it knew is lost, and its lease expires. */
inline crash() {
    crashes--;
#ifndef NO_LEASE
    postpone();
#endif
    forget()
}

inline forget() {
    my_kind = no_job; my_about = 0; my_operation = no_operation; answer = unknown
}

/* A call, outside of any transaction. */
inline call() {
    if
    :: execute(my_operation, my_about)
    :: losses > 0 -> losses--; execute(my_operation, my_about); answer = unknown /* the answer is lost */
    :: losses > 0 -> losses--; answer = unknown /* the command is lost */
    :: losses > 0 && late_operation == no_operation -> /* the command arrives after the caller gave up */
        losses--; late_operation = my_operation; late_about = my_about; answer = unknown
    :: losses > 0 && late_operation == no_operation -> /* the command arrives twice */
        losses--; execute(my_operation, my_about); late_operation = my_operation; late_about = my_about
    fi
}

proctype network() {
    mtype:reply answer;
    do
    :: atomic {
        late_operation != no_operation ->
            execute(late_operation, late_about);
            late_operation = no_operation; late_about = 0; answer = unknown
    }
    od
}
