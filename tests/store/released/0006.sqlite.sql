BEGIN TRANSACTION;
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0006');
CREATE TABLE appointment_requests (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            owner TEXT NOT NULL,
            order_id INTEGER NOT NULL,
            date_from DATE NOT NULL,
            state TEXT NOT NULL,
            booking_id INTEGER,
            created_on TEXT NOT NULL,
            updated_on TEXT NOT NULL,
            cancelled_on TEXT,
            held_until TEXT,
            offer_expires_on TEXT,
            appointment_id INTEGER,
            reschedule_id INTEGER,
            transferred_on TEXT,
            CONSTRAINT ck_appointment_requests_known_state
                CHECK (state IN ('searching', 'open', 'booking', 'booked', 'failed', 'cancelled')),
            CONSTRAINT ck_appointment_requests_cancelled_on
                CHECK ((state = 'cancelled') = (cancelled_on IS NOT NULL)),
            CONSTRAINT ck_appointment_requests_appointment_id CHECK ((state = 'booked') = (appointment_id IS NOT NULL)), CONSTRAINT ck_appointment_requests_booking_id CHECK (state NOT IN ('booking', 'booked') OR booking_id IS NOT NULL OR reschedule_id IS NOT NULL), CONSTRAINT ck_appointment_requests_transferred_on CHECK (transferred_on IS NULL OR state IN ('booking', 'cancelled')),
            CONSTRAINT fk_appointment_requests_order_id FOREIGN KEY(order_id) REFERENCES orders (id)
        );
INSERT INTO "appointment_requests" VALUES(3,'11001',8,'2054-11-25','booked',2,'2026-11-24T19:14:08.564Z','2026-11-24T19:14:08.622Z',NULL,NULL,'2054-12-08T14:00:00.000Z',2,NULL,NULL);
INSERT INTO "appointment_requests" VALUES(4,'11001',8,'2054-11-25','booked',NULL,'2026-11-24T19:14:08.628Z','2026-11-24T19:14:08.687Z',NULL,NULL,'2054-12-08T14:00:00.000Z',2,2,NULL);
INSERT INTO "appointment_requests" VALUES(5,'11001',1,'2054-11-25','booking',7,'2026-11-24T19:14:08.745Z','2026-11-24T19:14:09.323Z',NULL,NULL,'2054-12-08T14:00:00.000Z',NULL,NULL,NULL);
INSERT INTO "appointment_requests" VALUES(6,'11001',2,'2054-11-25','booked',3,'2026-11-24T19:14:08.772Z','2026-11-24T19:14:08.841Z',NULL,NULL,'2054-12-08T14:00:00.000Z',3,NULL,NULL);
INSERT INTO "appointment_requests" VALUES(7,'11001',9,'2054-11-25','booked',4,'2026-11-24T19:14:08.859Z','2026-11-24T19:14:08.940Z',NULL,NULL,'2054-12-08T14:00:00.000Z',4,NULL,NULL);
INSERT INTO "appointment_requests" VALUES(8,'11001',3,'2054-11-25','cancelled',NULL,'2026-11-24T19:14:08.951Z','2026-11-24T19:14:08.993Z','2026-11-24T19:14:08.993Z',NULL,'2054-12-08T14:00:00.000Z',NULL,NULL,NULL);
INSERT INTO "appointment_requests" VALUES(9,'11002',11,'2054-11-25','open',NULL,'2026-11-24T19:14:09.019Z','2026-11-24T19:14:09.049Z',NULL,NULL,'2054-12-08T14:00:00.000Z',NULL,NULL,NULL);
INSERT INTO "appointment_requests" VALUES(10,'11001',4,'2054-11-25','open',NULL,'2026-11-24T19:14:09.084Z','2026-11-24T19:14:09.105Z',NULL,NULL,'2054-12-08T14:00:00.000Z',NULL,NULL,NULL);
INSERT INTO "appointment_requests" VALUES(11,'11001',5,'2054-11-25','booked',6,'2026-11-24T19:14:09.114Z','2026-11-24T19:14:09.269Z',NULL,NULL,'2054-12-08T14:00:00.000Z',5,NULL,NULL);
INSERT INTO "appointment_requests" VALUES(12,'11001',6,'2054-11-25','searching',NULL,'2026-11-24T19:14:09.313Z','2026-11-24T19:14:09.313Z',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "appointment_requests" VALUES(13,'11001',7,'2054-11-25','failed',NULL,'2026-11-24T19:14:09.333Z','2026-11-24T19:14:09.346Z',NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE appointments (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            request_id INTEGER NOT NULL,
            booking_id INTEGER NOT NULL,
            owner TEXT NOT NULL,
            order_id INTEGER NOT NULL,
            workforce_id TEXT NOT NULL,
            state TEXT NOT NULL,
            slot TEXT NOT NULL,
            ends_on TEXT NOT NULL,
            demand_type TEXT NOT NULL,
            priority_assist BOOLEAN NOT NULL,
            e_sla TEXT NOT NULL,
            customer_ref TEXT,
            service_id INTEGER,
            contact_name TEXT,
            contact_type TEXT,
            contact_phone TEXT,
            contact_notes TEXT,
            created_on TEXT NOT NULL,
            updated_on TEXT NOT NULL,
            cancellable_until TEXT NOT NULL,
            cancelled_on TEXT,
            cancelled_by TEXT,
            reason TEXT,
            ended_on TEXT,
            cancellation_id INTEGER,
            reschedule_id INTEGER,
            slot_as_of TEXT,
            CONSTRAINT ck_appointments_known_state CHECK (state IN ('booked', 'cancelling', 'rescheduling', 'in-progress', 'completed', 'incomplete', 'cancelled')),
            CONSTRAINT ck_appointments_known_cancelled_by CHECK (cancelled_by IN ('owner', 'network')), CONSTRAINT ck_appointments_cancelled_on CHECK ((state = 'cancelled') = (cancelled_on IS NOT NULL)), CONSTRAINT ck_appointments_cancelled_by CHECK ((state = 'cancelled') = (cancelled_by IS NOT NULL)), CONSTRAINT ck_appointments_ended_on CHECK ((state IN ('completed', 'incomplete', 'cancelled')) = (ended_on IS NOT NULL)), CONSTRAINT ck_appointments_cancellation_id CHECK (state <> 'cancelling' OR cancellation_id IS NOT NULL), CONSTRAINT ck_appointments_reschedule_id CHECK (state <> 'rescheduling' OR reschedule_id IS NOT NULL),
            CONSTRAINT fk_appointments_booking_id FOREIGN KEY(booking_id) REFERENCES bookings (id),
            CONSTRAINT fk_appointments_order_id FOREIGN KEY(order_id) REFERENCES orders (id),
            CONSTRAINT fk_appointments_request_id FOREIGN KEY(request_id) REFERENCES appointment_requests (id),
            CONSTRAINT uq_appointments_booking_id UNIQUE (booking_id),
            CONSTRAINT uq_appointments_request_id UNIQUE (request_id),
            CONSTRAINT uq_appointments_workforce_id UNIQUE (workforce_id)
        );
INSERT INTO "appointments" VALUES(2,4,2,'11001',8,'APT000000000002','cancelled','{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"}','2054-12-08T07:00:00.000Z','Standard Install',0,'Standard','CUST-REF-007',300,NULL,'Primary Contact',NULL,NULL,'2026-11-24T19:14:08.622Z','2026-11-24T19:14:08.736Z','2054-12-07T07:00:00.000Z','2026-11-24T19:14:08.736Z','owner',NULL,'2026-11-24T19:14:08.736Z',2,2,NULL);
INSERT INTO "appointments" VALUES(3,6,3,'11001',2,'APT000000000003','booked','{"id":"e970cc8f17f3ee3ab709","slot_type":"AM","start":"2054-11-25T22:00:00Z","end":"2054-11-26T02:00:00Z","timezone_offset":"+10:00"}','2054-11-26T02:00:00.000Z','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,'2026-11-24T19:14:08.841Z','2026-11-24T19:14:08.841Z','2054-11-25T07:00:00.000Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "appointments" VALUES(4,7,4,'11001',9,'APT000000000004','booked','{"id":"e970cc8f17f3ee3ab709","slot_type":"AM","start":"2054-11-25T22:00:00Z","end":"2054-11-26T02:00:00Z","timezone_offset":"+10:00"}','2054-11-26T02:00:00.000Z','Standard Install',0,'Standard',NULL,NULL,'Zoë O''Brien; "-- \ %s {x} 😀',NULL,'0739076000','two
lines	and a tab','2026-11-24T19:14:08.940Z','2026-11-24T19:14:08.940Z','2054-11-25T07:00:00.000Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "appointments" VALUES(5,11,6,'11001',5,'APT000000000006','booked','{"id":"d8434c48052766562b06","slot_type":"PM","start":"2054-11-26T03:00:00Z","end":"2054-11-26T07:00:00Z","timezone_offset":"+10:00"}','2054-11-26T07:00:00.000Z','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,'2026-11-24T19:14:09.269Z','2026-11-24T19:14:09.269Z','2054-11-25T07:00:00.000Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE archived_appointment_requests (id INTEGER NOT NULL, owner TEXT NOT NULL, order_id INTEGER NOT NULL, date_from DATE NOT NULL, state TEXT NOT NULL, booking_id INTEGER, created_on TEXT NOT NULL, updated_on TEXT NOT NULL, cancelled_on TEXT, held_until TEXT, offer_expires_on TEXT, appointment_id INTEGER, reschedule_id INTEGER, transferred_on TEXT, CONSTRAINT pk_archived_appointment_requests PRIMARY KEY (id));
INSERT INTO "archived_appointment_requests" VALUES(1,'11001',8,'2054-11-25','booked',1,'2026-08-16T19:14:08.537Z','2026-09-25T19:14:08.537Z',NULL,NULL,'2054-12-08T14:00:00.000Z',1,NULL,NULL);
INSERT INTO "archived_appointment_requests" VALUES(2,'11001',8,'2054-11-25','booked',NULL,'2026-08-16T19:14:08.537Z','2026-09-25T19:14:08.537Z',NULL,NULL,'2054-12-08T14:00:00.000Z',1,1,NULL);
CREATE TABLE archived_appointments (id INTEGER NOT NULL, request_id INTEGER NOT NULL, booking_id INTEGER NOT NULL, owner TEXT NOT NULL, order_id INTEGER NOT NULL, workforce_id TEXT NOT NULL, state TEXT NOT NULL, slot TEXT NOT NULL, ends_on TEXT NOT NULL, slot_as_of TEXT, demand_type TEXT NOT NULL, priority_assist BOOLEAN NOT NULL, e_sla TEXT NOT NULL, customer_ref TEXT, service_id INTEGER, contact_name TEXT, contact_type TEXT, contact_phone TEXT, contact_notes TEXT, created_on TEXT NOT NULL, updated_on TEXT NOT NULL, cancellable_until TEXT NOT NULL, cancelled_on TEXT, cancelled_by TEXT, reason TEXT, ended_on TEXT, cancellation_id INTEGER, reschedule_id INTEGER, CONSTRAINT pk_archived_appointments PRIMARY KEY (id));
INSERT INTO "archived_appointments" VALUES(1,2,1,'11001',8,'APT000000000001','cancelled','{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"}','2054-12-08T07:00:00.000Z',NULL,'Standard Install',0,'Standard','CUST-REF-007',300,NULL,'Primary Contact',NULL,NULL,'2026-08-16T19:14:08.537Z','2026-09-25T19:14:08.537Z','2054-12-07T07:00:00.000Z','2026-09-25T19:14:08.537Z','owner',NULL,'2026-09-25T19:14:08.537Z',1,1);
CREATE TABLE archived_bookings (id INTEGER NOT NULL, request_id INTEGER NOT NULL, owner TEXT NOT NULL, slot_id TEXT NOT NULL, slot TEXT NOT NULL, state TEXT NOT NULL, created_on TEXT NOT NULL, ended_on TEXT, refusal TEXT, CONSTRAINT pk_archived_bookings PRIMARY KEY (id));
INSERT INTO "archived_bookings" VALUES(1,1,'11001','550be4c49c16d952d756','{"id":"550be4c49c16d952d756","slot_type":"PM","start":"2054-12-09T03:00:00Z","end":"2054-12-09T07:00:00Z","timezone_offset":"+10:00"}','booked','2026-11-24T19:14:08.304Z','2026-11-24T19:14:08.391Z',NULL);
CREATE TABLE archived_cancellations (id INTEGER NOT NULL, appointment_id INTEGER NOT NULL, owner TEXT NOT NULL, state TEXT NOT NULL, refusal TEXT, cancelled_by TEXT NOT NULL, reason TEXT, client TEXT NOT NULL, requested_on TEXT NOT NULL, ended_on TEXT, CONSTRAINT pk_archived_cancellations PRIMARY KEY (id));
INSERT INTO "archived_cancellations" VALUES(1,1,'11001','cancelled',NULL,'owner',NULL,'portal-api','2026-11-24T19:14:08.508Z','2026-11-24T19:14:08.535Z');
CREATE TABLE archived_events (id INTEGER NOT NULL, request_id INTEGER NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL, owner TEXT NOT NULL, client TEXT NOT NULL, x_request_id TEXT NOT NULL, booking_id INTEGER, appointment_id INTEGER, detail TEXT, CONSTRAINT pk_archived_events PRIMARY KEY (id));
INSERT INTO "archived_events" VALUES(1,1,'created','2026-11-24T19:14:07.397Z','11001','portal-api','6d2abf81e2b8e77e-1',NULL,NULL,NULL);
INSERT INTO "archived_events" VALUES(2,1,'slots-found','2026-11-24T19:14:08.184Z','11001','worker','6d2abf81e2b8e77e-1',NULL,NULL,NULL);
INSERT INTO "archived_events" VALUES(3,1,'booking-started','2026-11-24T19:14:08.307Z','11001','portal-api','6d2abf81e2b8e77e-13',1,NULL,NULL);
INSERT INTO "archived_events" VALUES(4,1,'booked','2026-11-24T19:14:08.394Z','11001','worker','6d2abf81e2b8e77e-13',1,NULL,NULL);
INSERT INTO "archived_events" VALUES(5,2,'created','2026-11-24T19:14:08.410Z','11001','portal-api','6d2abf81e2b8e77e-76',NULL,NULL,NULL);
INSERT INTO "archived_events" VALUES(6,2,'slots-found','2026-11-24T19:14:08.436Z','11001','worker','6d2abf81e2b8e77e-76',NULL,NULL,NULL);
INSERT INTO "archived_events" VALUES(7,2,'booking-started','2026-11-24T19:14:08.466Z','11001','portal-api','6d2abf81e2b8e77e-fa',NULL,NULL,NULL);
INSERT INTO "archived_events" VALUES(8,1,'reschedule-requested','2026-11-24T19:14:08.470Z','11001','portal-api','6d2abf81e2b8e77e-fa',NULL,1,'{"slot":{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"},"previousSlot":{"id":"550be4c49c16d952d756","slot_type":"PM","start":"2054-12-09T03:00:00Z","end":"2054-12-09T07:00:00Z","timezone_offset":"+10:00"}}');
INSERT INTO "archived_events" VALUES(9,2,'booked','2026-11-24T19:14:08.492Z','11001','worker','6d2abf81e2b8e77e-fa',NULL,NULL,NULL);
INSERT INTO "archived_events" VALUES(10,2,'rescheduled','2026-11-24T19:14:08.494Z','11001','worker','6d2abf81e2b8e77e-fa',NULL,1,'{"slot":{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"},"previousSlot":{"id":"550be4c49c16d952d756","slot_type":"PM","start":"2054-12-09T03:00:00Z","end":"2054-12-09T07:00:00Z","timezone_offset":"+10:00"}}');
INSERT INTO "archived_events" VALUES(11,2,'cancellation-requested','2026-11-24T19:14:08.511Z','11001','portal-api','6d2abf81e2b8e77e-104',NULL,1,'{"cancellationId": 1, "cancelledBy": "owner"}');
INSERT INTO "archived_events" VALUES(12,2,'cancelled','2026-11-24T19:14:08.531Z','11001','worker','6d2abf81e2b8e77e-104',NULL,1,'{"cancelledBy": "owner"}');
CREATE TABLE archived_offers (request_id INTEGER NOT NULL, slots TEXT NOT NULL, CONSTRAINT pk_archived_offers PRIMARY KEY (request_id));
INSERT INTO "archived_offers" VALUES(1,'[{"id":"e970cc8f17f3ee3ab709","slot_type":"AM","start":"2054-11-25T22:00:00Z","end":"2054-11-26T02:00:00Z","timezone_offset":"+10:00"},{"id":"d8434c48052766562b06","slot_type":"PM","start":"2054-11-26T03:00:00Z","end":"2054-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ef7f43742fd49c01785","slot_type":"AM","start":"2054-11-26T22:00:00Z","end":"2054-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"96d7409d01430a73ab1b","slot_type":"PM","start":"2054-11-27T03:00:00Z","end":"2054-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"d21ee8eac830f0f42e50","slot_type":"AM","start":"2054-11-29T22:00:00Z","end":"2054-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"c70ba732d30cb82223c8","slot_type":"PM","start":"2054-11-30T03:00:00Z","end":"2054-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"cb94dd96d4661938de33","slot_type":"AM","start":"2054-11-30T22:00:00Z","end":"2054-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"9e569cb5667baed62d90","slot_type":"PM","start":"2054-12-01T03:00:00Z","end":"2054-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"9cf8f34c3cabd63071f7","slot_type":"AM","start":"2054-12-01T22:00:00Z","end":"2054-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"524b2f3e5d1f5f9926fd","slot_type":"PM","start":"2054-12-02T03:00:00Z","end":"2054-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"176880de0a699ba376f9","slot_type":"AM","start":"2054-12-02T22:00:00Z","end":"2054-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"1ae39010684f5a48c44a","slot_type":"PM","start":"2054-12-03T03:00:00Z","end":"2054-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"56cb11cd3ab242dcd82c","slot_type":"AM","start":"2054-12-03T22:00:00Z","end":"2054-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"cfc13acccc1d5bc3e88e","slot_type":"PM","start":"2054-12-04T03:00:00Z","end":"2054-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"9c780a4325413d342cd5","slot_type":"AM","start":"2054-12-06T22:00:00Z","end":"2054-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a0d0ba90651355e36f16","slot_type":"PM","start":"2054-12-07T03:00:00Z","end":"2054-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"5a4ce6e989cd2082fa7f","slot_type":"AM","start":"2054-12-07T22:00:00Z","end":"2054-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"a581798abf628c248c3e","slot_type":"AM","start":"2054-12-08T22:00:00Z","end":"2054-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"550be4c49c16d952d756","slot_type":"PM","start":"2054-12-09T03:00:00Z","end":"2054-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
INSERT INTO "archived_offers" VALUES(2,'[{"id":"e970cc8f17f3ee3ab709","slot_type":"AM","start":"2054-11-25T22:00:00Z","end":"2054-11-26T02:00:00Z","timezone_offset":"+10:00"},{"id":"d8434c48052766562b06","slot_type":"PM","start":"2054-11-26T03:00:00Z","end":"2054-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ef7f43742fd49c01785","slot_type":"AM","start":"2054-11-26T22:00:00Z","end":"2054-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"96d7409d01430a73ab1b","slot_type":"PM","start":"2054-11-27T03:00:00Z","end":"2054-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"d21ee8eac830f0f42e50","slot_type":"AM","start":"2054-11-29T22:00:00Z","end":"2054-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"c70ba732d30cb82223c8","slot_type":"PM","start":"2054-11-30T03:00:00Z","end":"2054-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"cb94dd96d4661938de33","slot_type":"AM","start":"2054-11-30T22:00:00Z","end":"2054-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"9e569cb5667baed62d90","slot_type":"PM","start":"2054-12-01T03:00:00Z","end":"2054-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"9cf8f34c3cabd63071f7","slot_type":"AM","start":"2054-12-01T22:00:00Z","end":"2054-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"524b2f3e5d1f5f9926fd","slot_type":"PM","start":"2054-12-02T03:00:00Z","end":"2054-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"176880de0a699ba376f9","slot_type":"AM","start":"2054-12-02T22:00:00Z","end":"2054-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"1ae39010684f5a48c44a","slot_type":"PM","start":"2054-12-03T03:00:00Z","end":"2054-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"56cb11cd3ab242dcd82c","slot_type":"AM","start":"2054-12-03T22:00:00Z","end":"2054-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"cfc13acccc1d5bc3e88e","slot_type":"PM","start":"2054-12-04T03:00:00Z","end":"2054-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"9c780a4325413d342cd5","slot_type":"AM","start":"2054-12-06T22:00:00Z","end":"2054-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a0d0ba90651355e36f16","slot_type":"PM","start":"2054-12-07T03:00:00Z","end":"2054-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"5a4ce6e989cd2082fa7f","slot_type":"AM","start":"2054-12-07T22:00:00Z","end":"2054-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"a581798abf628c248c3e","slot_type":"AM","start":"2054-12-08T22:00:00Z","end":"2054-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"550be4c49c16d952d756","slot_type":"PM","start":"2054-12-09T03:00:00Z","end":"2054-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
CREATE TABLE archived_reschedules (id INTEGER NOT NULL, appointment_id INTEGER NOT NULL, request_id INTEGER NOT NULL, owner TEXT NOT NULL, slot_id TEXT NOT NULL, slot TEXT NOT NULL, state TEXT NOT NULL, refusal TEXT, client TEXT NOT NULL, requested_on TEXT NOT NULL, ended_on TEXT, CONSTRAINT pk_archived_reschedules PRIMARY KEY (id));
INSERT INTO "archived_reschedules" VALUES(1,1,2,'11001','942e5594d6b9c770b42b','{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"}','rescheduled',NULL,'portal-api','2026-11-24T19:14:08.464Z','2026-11-24T19:14:08.491Z');
CREATE TABLE bookings (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
    request_id INTEGER NOT NULL, 
    owner TEXT NOT NULL, 
    slot_id TEXT NOT NULL, 
    slot TEXT NOT NULL, 
    state TEXT NOT NULL, 
    created_on TEXT NOT NULL, 
    ended_on TEXT, refusal TEXT, 
    CONSTRAINT ck_bookings_ended_on CHECK ((state = 'booking') = (ended_on IS NULL)), 
    CONSTRAINT ck_bookings_known_state CHECK (state IN ('booking', 'booked', 'refused')), 
    CONSTRAINT fk_bookings_request_id FOREIGN KEY(request_id) REFERENCES appointment_requests (id)
);
INSERT INTO "bookings" VALUES(2,3,'11001','550be4c49c16d952d756','{"id":"550be4c49c16d952d756","slot_type":"PM","start":"2054-12-09T03:00:00Z","end":"2054-12-09T07:00:00Z","timezone_offset":"+10:00"}','booked','2026-11-24T19:14:08.589Z','2026-11-24T19:14:08.622Z',NULL);
INSERT INTO "bookings" VALUES(3,6,'11001','e970cc8f17f3ee3ab709','{"id":"e970cc8f17f3ee3ab709","slot_type":"AM","start":"2054-11-25T22:00:00Z","end":"2054-11-26T02:00:00Z","timezone_offset":"+10:00"}','booked','2026-11-24T19:14:08.805Z','2026-11-24T19:14:08.841Z',NULL);
INSERT INTO "bookings" VALUES(4,7,'11001','e970cc8f17f3ee3ab709','{"id":"e970cc8f17f3ee3ab709","slot_type":"AM","start":"2054-11-25T22:00:00Z","end":"2054-11-26T02:00:00Z","timezone_offset":"+10:00"}','booked','2026-11-24T19:14:08.899Z','2026-11-24T19:14:08.940Z',NULL);
INSERT INTO "bookings" VALUES(5,11,'11001','e970cc8f17f3ee3ab709','{"id":"e970cc8f17f3ee3ab709","slot_type":"AM","start":"2054-11-25T22:00:00Z","end":"2054-11-26T02:00:00Z","timezone_offset":"+10:00"}','refused','2026-11-24T19:14:09.172Z','2026-11-24T19:14:09.219Z','slot-unavailable');
INSERT INTO "bookings" VALUES(6,11,'11001','d8434c48052766562b06','{"id":"d8434c48052766562b06","slot_type":"PM","start":"2054-11-26T03:00:00Z","end":"2054-11-26T07:00:00Z","timezone_offset":"+10:00"}','booked','2026-11-24T19:14:09.232Z','2026-11-24T19:14:09.269Z',NULL);
INSERT INTO "bookings" VALUES(7,5,'11001','e970cc8f17f3ee3ab709','{"id":"e970cc8f17f3ee3ab709","slot_type":"AM","start":"2054-11-25T22:00:00Z","end":"2054-11-26T02:00:00Z","timezone_offset":"+10:00"}','booking','2026-11-24T19:14:09.323Z',NULL,NULL);
CREATE TABLE cancellations (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            appointment_id INTEGER NOT NULL,
            owner TEXT NOT NULL,
            state TEXT NOT NULL,
            refusal TEXT,
            cancelled_by TEXT NOT NULL,
            reason TEXT,
            client TEXT NOT NULL,
            requested_on TEXT NOT NULL,
            ended_on TEXT,
            
            
        CONSTRAINT ck_cancellations_known_state CHECK (state IN ('deciding', 'cancelled', 'refused')),
        CONSTRAINT ck_cancellations_ended_on CHECK ((state = 'deciding') = (ended_on IS NULL)),
        CONSTRAINT ck_cancellations_refusal CHECK ((state = 'refused') = (refusal IS NOT NULL))
    ,
            CONSTRAINT ck_cancellations_known_cancelled_by CHECK (cancelled_by IN ('owner', 'network')),
            CONSTRAINT fk_cancellations_appointment_id FOREIGN KEY(appointment_id) REFERENCES appointments (id)
        );
INSERT INTO "cancellations" VALUES(2,2,'11001','cancelled',NULL,'owner',NULL,'portal-api','2026-11-24T19:14:08.703Z','2026-11-24T19:14:08.737Z');
CREATE TABLE "capacity" (
            area TEXT NOT NULL, day DATE NOT NULL, slot_type TEXT NOT NULL,
            capacity INTEGER NOT NULL, taken INTEGER NOT NULL,
            CONSTRAINT pk_capacity PRIMARY KEY (area, day, slot_type),
            CONSTRAINT ck_capacity_capacity_counts CHECK (capacity >= 0),
            CONSTRAINT ck_capacity_taken_counts CHECK (taken >= 0)
        );
INSERT INTO "capacity" VALUES('4000','2054-11-23','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-11-23','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-11-24','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-11-24','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-11-25','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-11-25','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-11-26','AM',5,2);
INSERT INTO "capacity" VALUES('4000','2054-11-26','PM',5,1);
INSERT INTO "capacity" VALUES('4000','2054-11-27','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-11-27','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-11-28','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-11-28','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-11-29','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-11-29','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-11-30','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-11-30','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-01','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-01','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-02','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-02','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-03','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-03','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-04','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-04','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-05','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-05','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-06','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-06','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-07','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-07','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-08','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-08','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-09','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-09','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-10','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-10','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-11','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-11','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-12','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-12','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-13','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-13','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-14','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-14','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-15','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-15','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-16','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-16','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-17','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-17','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-18','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-18','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-19','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-19','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-20','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-20','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-21','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-21','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-22','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-22','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-23','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-23','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-24','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-24','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-25','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-25','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-26','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-26','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-27','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-27','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-28','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-28','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-29','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-29','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-30','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-30','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-31','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2054-12-31','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-01','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-01','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-02','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-02','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-03','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-03','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-04','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-04','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-05','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-05','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-06','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-06','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-07','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-07','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-08','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-08','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-09','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-09','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-10','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-10','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-11','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-11','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-12','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-12','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-13','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-13','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-14','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-14','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-15','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-15','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-16','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-16','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-17','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-17','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-18','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-18','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-19','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-19','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-20','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-20','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-21','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-21','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-22','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-22','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-23','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-23','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-24','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-24','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-25','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-25','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-26','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-26','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-27','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-27','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-28','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-28','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-29','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-29','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-30','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-30','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-31','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-01-31','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-01','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-01','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-02','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-02','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-03','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-03','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-04','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-04','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-05','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-05','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-06','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-06','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-07','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-07','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-08','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-08','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-09','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-09','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-10','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-10','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-11','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-11','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-12','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-12','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-13','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-13','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-14','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-14','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-15','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-15','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-16','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-16','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-17','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-17','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-18','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-18','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-19','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-19','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-20','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-20','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-21','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-21','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-22','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-22','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-23','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-23','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-24','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-24','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-25','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-25','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-26','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-26','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-27','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-27','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-28','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-02-28','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-01','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-01','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-02','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-02','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-03','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-03','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-04','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-04','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-05','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-05','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-06','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-06','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-07','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-07','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-08','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-08','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-09','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-09','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-10','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-10','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-11','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-11','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-12','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-12','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-13','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-13','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-14','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-14','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-15','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-15','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-16','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-16','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-17','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-17','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-18','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-18','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-19','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-19','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-20','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-20','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-21','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-21','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-22','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2055-03-22','PM',5,0);
CREATE TABLE contact_erasures (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            at TEXT NOT NULL,
            client TEXT NOT NULL,
            x_request_id TEXT NOT NULL,
            order_id INTEGER,
            orders INTEGER NOT NULL,
            appointments INTEGER NOT NULL
        );
INSERT INTO "contact_erasures" VALUES(1,'2026-11-24T19:14:08.562Z','operator','x_request_id',8,1,1);
CREATE TABLE early_news (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            workforce_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            at TEXT NOT NULL,
            reason TEXT,
            slot TEXT,
            received_on TEXT NOT NULL,
            
            booking_id INTEGER NOT NULL
        );
INSERT INTO "early_news" VALUES(1,'APT-early','cancelled','2026-11-24T19:14:09.329Z','storm',NULL,'2026-11-24T19:14:09.332Z',7);
CREATE TABLE events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
    request_id INTEGER NOT NULL, 
    kind TEXT NOT NULL, 
    at TEXT NOT NULL, 
    owner TEXT NOT NULL, 
    client TEXT NOT NULL, 
    x_request_id TEXT NOT NULL, 
    booking_id INTEGER
, appointment_id INTEGER, detail TEXT);
INSERT INTO "events" VALUES(13,3,'created','2026-11-24T19:14:08.564Z','11001','portal-api','6d2abf81e2b8e77e-118',NULL,NULL,NULL);
INSERT INTO "events" VALUES(14,3,'slots-found','2026-11-24T19:14:08.583Z','11001','worker','6d2abf81e2b8e77e-118',NULL,NULL,NULL);
INSERT INTO "events" VALUES(15,3,'booking-started','2026-11-24T19:14:08.589Z','11001','portal-api','6d2abf81e2b8e77e-140',2,NULL,NULL);
INSERT INTO "events" VALUES(16,3,'booked','2026-11-24T19:14:08.622Z','11001','worker','6d2abf81e2b8e77e-140',2,NULL,NULL);
INSERT INTO "events" VALUES(17,4,'created','2026-11-24T19:14:08.628Z','11001','portal-api','6d2abf81e2b8e77e-16b',NULL,NULL,NULL);
INSERT INTO "events" VALUES(18,4,'slots-found','2026-11-24T19:14:08.641Z','11001','worker','6d2abf81e2b8e77e-16b',NULL,NULL,NULL);
INSERT INTO "events" VALUES(19,4,'booking-started','2026-11-24T19:14:08.651Z','11001','portal-api','6d2abf81e2b8e77e-178',NULL,NULL,NULL);
INSERT INTO "events" VALUES(20,3,'reschedule-requested','2026-11-24T19:14:08.651Z','11001','portal-api','6d2abf81e2b8e77e-178',NULL,2,'{"slot":{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"},"previousSlot":{"id":"550be4c49c16d952d756","slot_type":"PM","start":"2054-12-09T03:00:00Z","end":"2054-12-09T07:00:00Z","timezone_offset":"+10:00"}}');
INSERT INTO "events" VALUES(21,4,'booked','2026-11-24T19:14:08.687Z','11001','worker','6d2abf81e2b8e77e-178',NULL,NULL,NULL);
INSERT INTO "events" VALUES(22,4,'rescheduled','2026-11-24T19:14:08.687Z','11001','worker','6d2abf81e2b8e77e-178',NULL,2,'{"slot":{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"},"previousSlot":{"id":"550be4c49c16d952d756","slot_type":"PM","start":"2054-12-09T03:00:00Z","end":"2054-12-09T07:00:00Z","timezone_offset":"+10:00"}}');
INSERT INTO "events" VALUES(23,4,'cancellation-requested','2026-11-24T19:14:08.708Z','11001','portal-api','6d2abf81e2b8e77e-19d',NULL,2,'{"cancellationId": 2, "cancelledBy": "owner"}');
INSERT INTO "events" VALUES(24,4,'cancelled','2026-11-24T19:14:08.736Z','11001','worker','6d2abf81e2b8e77e-19d',NULL,2,'{"cancelledBy": "owner"}');
INSERT INTO "events" VALUES(25,5,'created','2026-11-24T19:14:08.745Z','11001','portal-api','6d2abf81e2b8e77e-1b5',NULL,NULL,NULL);
INSERT INTO "events" VALUES(26,5,'slots-found','2026-11-24T19:14:08.758Z','11001','worker','6d2abf81e2b8e77e-1b5',NULL,NULL,NULL);
INSERT INTO "events" VALUES(27,6,'created','2026-11-24T19:14:08.772Z','11001','portal-api','6d2abf81e2b8e77e-1cc',NULL,NULL,NULL);
INSERT INTO "events" VALUES(28,6,'slots-found','2026-11-24T19:14:08.788Z','11001','worker','6d2abf81e2b8e77e-1cc',NULL,NULL,NULL);
INSERT INTO "events" VALUES(29,6,'booking-started','2026-11-24T19:14:08.805Z','11001','portal-api','6d2abf81e2b8e77e-1df',3,NULL,NULL);
INSERT INTO "events" VALUES(30,6,'booked','2026-11-24T19:14:08.841Z','11001','worker','6d2abf81e2b8e77e-1df',3,NULL,NULL);
INSERT INTO "events" VALUES(31,7,'created','2026-11-24T19:14:08.859Z','11001','portal-api','6d2abf81e2b8e77e-209',NULL,NULL,NULL);
INSERT INTO "events" VALUES(32,7,'slots-found','2026-11-24T19:14:08.885Z','11001','worker','6d2abf81e2b8e77e-209',NULL,NULL,NULL);
INSERT INTO "events" VALUES(33,7,'booking-started','2026-11-24T19:14:08.899Z','11001','portal-api','6d2abf81e2b8e77e-229',4,NULL,NULL);
INSERT INTO "events" VALUES(34,7,'booked','2026-11-24T19:14:08.940Z','11001','worker','6d2abf81e2b8e77e-229',4,NULL,NULL);
INSERT INTO "events" VALUES(35,8,'created','2026-11-24T19:14:08.951Z','11001','portal-api','6d2abf81e2b8e77e-24c',NULL,NULL,NULL);
INSERT INTO "events" VALUES(36,8,'slots-found','2026-11-24T19:14:08.969Z','11001','worker','6d2abf81e2b8e77e-24c',NULL,NULL,NULL);
INSERT INTO "events" VALUES(37,8,'cancelled','2026-11-24T19:14:08.993Z','11001','portal-api','6d2abf81e2b8e77e-25e',NULL,NULL,NULL);
INSERT INTO "events" VALUES(38,9,'created','2026-11-24T19:14:09.019Z','11002','portal-api','6d2abf81e2b8e77e-25f',NULL,NULL,NULL);
INSERT INTO "events" VALUES(39,9,'slots-found','2026-11-24T19:14:09.049Z','11002','worker','6d2abf81e2b8e77e-25f',NULL,NULL,NULL);
INSERT INTO "events" VALUES(40,10,'created','2026-11-24T19:14:09.084Z','11001','portal-api','6d2abf81e2b8e77e-27f',NULL,NULL,NULL);
INSERT INTO "events" VALUES(41,10,'slots-found','2026-11-24T19:14:09.105Z','11001','worker','6d2abf81e2b8e77e-27f',NULL,NULL,NULL);
INSERT INTO "events" VALUES(42,11,'created','2026-11-24T19:14:09.114Z','11001','portal-api','6d2abf81e2b8e77e-287',NULL,NULL,NULL);
INSERT INTO "events" VALUES(43,11,'slots-found','2026-11-24T19:14:09.149Z','11001','worker','6d2abf81e2b8e77e-287',NULL,NULL,NULL);
INSERT INTO "events" VALUES(44,11,'booking-started','2026-11-24T19:14:09.172Z','11001','portal-api','6d2abf81e2b8e77e-29d',5,NULL,NULL);
INSERT INTO "events" VALUES(45,11,'slot-refused','2026-11-24T19:14:09.203Z','11001','worker','6d2abf81e2b8e77e-29d',5,NULL,NULL);
INSERT INTO "events" VALUES(46,11,'booking-started','2026-11-24T19:14:09.232Z','11001','portal-api','6d2abf81e2b8e77e-2b6',6,NULL,NULL);
INSERT INTO "events" VALUES(47,11,'booked','2026-11-24T19:14:09.269Z','11001','worker','6d2abf81e2b8e77e-2b6',6,NULL,NULL);
INSERT INTO "events" VALUES(48,12,'created','2026-11-24T19:14:09.313Z','11001','portal-api','8821de5a66d18f5e-1',NULL,NULL,NULL);
INSERT INTO "events" VALUES(49,5,'booking-started','2026-11-24T19:14:09.323Z','11001','portal-api','8821de5a66d18f5e-3',7,NULL,NULL);
INSERT INTO "events" VALUES(50,13,'created','2026-11-24T19:14:09.333Z','11001','portal-api','8821de5a66d18f5e-4',NULL,NULL,NULL);
INSERT INTO "events" VALUES(51,13,'search-failed','2026-11-24T19:14:09.346Z','11001','portal-api','x_request_id',NULL,NULL,NULL);
CREATE TABLE idempotency_keys (
            owner TEXT NOT NULL,
            "key" TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            request_id INTEGER NOT NULL,
            created_on TEXT NOT NULL,
            CONSTRAINT pk_idempotency_keys PRIMARY KEY (owner, "key")
        );
INSERT INTO "idempotency_keys" VALUES('11001','key''; --','3ce78cbaf36b170b0d963d78317cb3abd9311a504242a802ecda38193228ddea',10,'2026-11-24T19:14:09.091Z');
CREATE TABLE installation (id TEXT NOT NULL, CONSTRAINT pk_installation PRIMARY KEY (id));
INSERT INTO "installation" VALUES('a952da73');
CREATE TABLE jobs (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            request_id INTEGER,
            booking_id INTEGER,
            x_request_id TEXT NOT NULL,
            tries INTEGER NOT NULL,
            due_at TEXT NOT NULL,
            last_error TEXT,
            cancellation_id INTEGER,
            reschedule_id INTEGER
        );
INSERT INTO "jobs" VALUES(22,'search',12,NULL,'8821de5a66d18f5e-1',0,'2026-11-24T19:14:09.313Z',NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(23,'book',5,7,'8821de5a66d18f5e-3',0,'2026-11-24T19:14:09.323Z',NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(24,'search',13,NULL,'8821de5a66d18f5e-4',0,'2026-11-24T19:14:09.333Z',NULL,NULL,NULL);
CREATE TABLE offers (
    request_id INTEGER NOT NULL, 
    slots TEXT NOT NULL, 
    CONSTRAINT pk_offers PRIMARY KEY (request_id), 
    CONSTRAINT fk_offers_request_id FOREIGN KEY(request_id) REFERENCES appointment_requests (id)
);
INSERT INTO "offers" VALUES(3,'[{"id":"e970cc8f17f3ee3ab709","slot_type":"AM","start":"2054-11-25T22:00:00Z","end":"2054-11-26T02:00:00Z","timezone_offset":"+10:00"},{"id":"d8434c48052766562b06","slot_type":"PM","start":"2054-11-26T03:00:00Z","end":"2054-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ef7f43742fd49c01785","slot_type":"AM","start":"2054-11-26T22:00:00Z","end":"2054-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"96d7409d01430a73ab1b","slot_type":"PM","start":"2054-11-27T03:00:00Z","end":"2054-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"d21ee8eac830f0f42e50","slot_type":"AM","start":"2054-11-29T22:00:00Z","end":"2054-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"c70ba732d30cb82223c8","slot_type":"PM","start":"2054-11-30T03:00:00Z","end":"2054-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"cb94dd96d4661938de33","slot_type":"AM","start":"2054-11-30T22:00:00Z","end":"2054-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"9e569cb5667baed62d90","slot_type":"PM","start":"2054-12-01T03:00:00Z","end":"2054-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"9cf8f34c3cabd63071f7","slot_type":"AM","start":"2054-12-01T22:00:00Z","end":"2054-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"524b2f3e5d1f5f9926fd","slot_type":"PM","start":"2054-12-02T03:00:00Z","end":"2054-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"176880de0a699ba376f9","slot_type":"AM","start":"2054-12-02T22:00:00Z","end":"2054-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"1ae39010684f5a48c44a","slot_type":"PM","start":"2054-12-03T03:00:00Z","end":"2054-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"56cb11cd3ab242dcd82c","slot_type":"AM","start":"2054-12-03T22:00:00Z","end":"2054-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"cfc13acccc1d5bc3e88e","slot_type":"PM","start":"2054-12-04T03:00:00Z","end":"2054-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"9c780a4325413d342cd5","slot_type":"AM","start":"2054-12-06T22:00:00Z","end":"2054-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a0d0ba90651355e36f16","slot_type":"PM","start":"2054-12-07T03:00:00Z","end":"2054-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"5a4ce6e989cd2082fa7f","slot_type":"AM","start":"2054-12-07T22:00:00Z","end":"2054-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"a581798abf628c248c3e","slot_type":"AM","start":"2054-12-08T22:00:00Z","end":"2054-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"550be4c49c16d952d756","slot_type":"PM","start":"2054-12-09T03:00:00Z","end":"2054-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
INSERT INTO "offers" VALUES(4,'[{"id":"e970cc8f17f3ee3ab709","slot_type":"AM","start":"2054-11-25T22:00:00Z","end":"2054-11-26T02:00:00Z","timezone_offset":"+10:00"},{"id":"d8434c48052766562b06","slot_type":"PM","start":"2054-11-26T03:00:00Z","end":"2054-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ef7f43742fd49c01785","slot_type":"AM","start":"2054-11-26T22:00:00Z","end":"2054-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"96d7409d01430a73ab1b","slot_type":"PM","start":"2054-11-27T03:00:00Z","end":"2054-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"d21ee8eac830f0f42e50","slot_type":"AM","start":"2054-11-29T22:00:00Z","end":"2054-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"c70ba732d30cb82223c8","slot_type":"PM","start":"2054-11-30T03:00:00Z","end":"2054-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"cb94dd96d4661938de33","slot_type":"AM","start":"2054-11-30T22:00:00Z","end":"2054-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"9e569cb5667baed62d90","slot_type":"PM","start":"2054-12-01T03:00:00Z","end":"2054-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"9cf8f34c3cabd63071f7","slot_type":"AM","start":"2054-12-01T22:00:00Z","end":"2054-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"524b2f3e5d1f5f9926fd","slot_type":"PM","start":"2054-12-02T03:00:00Z","end":"2054-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"176880de0a699ba376f9","slot_type":"AM","start":"2054-12-02T22:00:00Z","end":"2054-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"1ae39010684f5a48c44a","slot_type":"PM","start":"2054-12-03T03:00:00Z","end":"2054-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"56cb11cd3ab242dcd82c","slot_type":"AM","start":"2054-12-03T22:00:00Z","end":"2054-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"cfc13acccc1d5bc3e88e","slot_type":"PM","start":"2054-12-04T03:00:00Z","end":"2054-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"9c780a4325413d342cd5","slot_type":"AM","start":"2054-12-06T22:00:00Z","end":"2054-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a0d0ba90651355e36f16","slot_type":"PM","start":"2054-12-07T03:00:00Z","end":"2054-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"5a4ce6e989cd2082fa7f","slot_type":"AM","start":"2054-12-07T22:00:00Z","end":"2054-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"a581798abf628c248c3e","slot_type":"AM","start":"2054-12-08T22:00:00Z","end":"2054-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"550be4c49c16d952d756","slot_type":"PM","start":"2054-12-09T03:00:00Z","end":"2054-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
INSERT INTO "offers" VALUES(5,'[{"id":"e970cc8f17f3ee3ab709","slot_type":"AM","start":"2054-11-25T22:00:00Z","end":"2054-11-26T02:00:00Z","timezone_offset":"+10:00"},{"id":"d8434c48052766562b06","slot_type":"PM","start":"2054-11-26T03:00:00Z","end":"2054-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ef7f43742fd49c01785","slot_type":"AM","start":"2054-11-26T22:00:00Z","end":"2054-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"96d7409d01430a73ab1b","slot_type":"PM","start":"2054-11-27T03:00:00Z","end":"2054-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"d21ee8eac830f0f42e50","slot_type":"AM","start":"2054-11-29T22:00:00Z","end":"2054-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"c70ba732d30cb82223c8","slot_type":"PM","start":"2054-11-30T03:00:00Z","end":"2054-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"cb94dd96d4661938de33","slot_type":"AM","start":"2054-11-30T22:00:00Z","end":"2054-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"9e569cb5667baed62d90","slot_type":"PM","start":"2054-12-01T03:00:00Z","end":"2054-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"9cf8f34c3cabd63071f7","slot_type":"AM","start":"2054-12-01T22:00:00Z","end":"2054-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"524b2f3e5d1f5f9926fd","slot_type":"PM","start":"2054-12-02T03:00:00Z","end":"2054-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"176880de0a699ba376f9","slot_type":"AM","start":"2054-12-02T22:00:00Z","end":"2054-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"1ae39010684f5a48c44a","slot_type":"PM","start":"2054-12-03T03:00:00Z","end":"2054-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"56cb11cd3ab242dcd82c","slot_type":"AM","start":"2054-12-03T22:00:00Z","end":"2054-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"cfc13acccc1d5bc3e88e","slot_type":"PM","start":"2054-12-04T03:00:00Z","end":"2054-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"9c780a4325413d342cd5","slot_type":"AM","start":"2054-12-06T22:00:00Z","end":"2054-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a0d0ba90651355e36f16","slot_type":"PM","start":"2054-12-07T03:00:00Z","end":"2054-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"5a4ce6e989cd2082fa7f","slot_type":"AM","start":"2054-12-07T22:00:00Z","end":"2054-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"a581798abf628c248c3e","slot_type":"AM","start":"2054-12-08T22:00:00Z","end":"2054-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"550be4c49c16d952d756","slot_type":"PM","start":"2054-12-09T03:00:00Z","end":"2054-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
INSERT INTO "offers" VALUES(6,'[{"id":"e970cc8f17f3ee3ab709","slot_type":"AM","start":"2054-11-25T22:00:00Z","end":"2054-11-26T02:00:00Z","timezone_offset":"+10:00"},{"id":"d8434c48052766562b06","slot_type":"PM","start":"2054-11-26T03:00:00Z","end":"2054-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ef7f43742fd49c01785","slot_type":"AM","start":"2054-11-26T22:00:00Z","end":"2054-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"96d7409d01430a73ab1b","slot_type":"PM","start":"2054-11-27T03:00:00Z","end":"2054-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"d21ee8eac830f0f42e50","slot_type":"AM","start":"2054-11-29T22:00:00Z","end":"2054-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"c70ba732d30cb82223c8","slot_type":"PM","start":"2054-11-30T03:00:00Z","end":"2054-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"cb94dd96d4661938de33","slot_type":"AM","start":"2054-11-30T22:00:00Z","end":"2054-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"9e569cb5667baed62d90","slot_type":"PM","start":"2054-12-01T03:00:00Z","end":"2054-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"9cf8f34c3cabd63071f7","slot_type":"AM","start":"2054-12-01T22:00:00Z","end":"2054-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"524b2f3e5d1f5f9926fd","slot_type":"PM","start":"2054-12-02T03:00:00Z","end":"2054-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"176880de0a699ba376f9","slot_type":"AM","start":"2054-12-02T22:00:00Z","end":"2054-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"1ae39010684f5a48c44a","slot_type":"PM","start":"2054-12-03T03:00:00Z","end":"2054-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"56cb11cd3ab242dcd82c","slot_type":"AM","start":"2054-12-03T22:00:00Z","end":"2054-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"cfc13acccc1d5bc3e88e","slot_type":"PM","start":"2054-12-04T03:00:00Z","end":"2054-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"9c780a4325413d342cd5","slot_type":"AM","start":"2054-12-06T22:00:00Z","end":"2054-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a0d0ba90651355e36f16","slot_type":"PM","start":"2054-12-07T03:00:00Z","end":"2054-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"5a4ce6e989cd2082fa7f","slot_type":"AM","start":"2054-12-07T22:00:00Z","end":"2054-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"a581798abf628c248c3e","slot_type":"AM","start":"2054-12-08T22:00:00Z","end":"2054-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"550be4c49c16d952d756","slot_type":"PM","start":"2054-12-09T03:00:00Z","end":"2054-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
INSERT INTO "offers" VALUES(7,'[{"id":"e970cc8f17f3ee3ab709","slot_type":"AM","start":"2054-11-25T22:00:00Z","end":"2054-11-26T02:00:00Z","timezone_offset":"+10:00"},{"id":"d8434c48052766562b06","slot_type":"PM","start":"2054-11-26T03:00:00Z","end":"2054-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ef7f43742fd49c01785","slot_type":"AM","start":"2054-11-26T22:00:00Z","end":"2054-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"96d7409d01430a73ab1b","slot_type":"PM","start":"2054-11-27T03:00:00Z","end":"2054-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"d21ee8eac830f0f42e50","slot_type":"AM","start":"2054-11-29T22:00:00Z","end":"2054-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"c70ba732d30cb82223c8","slot_type":"PM","start":"2054-11-30T03:00:00Z","end":"2054-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"cb94dd96d4661938de33","slot_type":"AM","start":"2054-11-30T22:00:00Z","end":"2054-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"9e569cb5667baed62d90","slot_type":"PM","start":"2054-12-01T03:00:00Z","end":"2054-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"9cf8f34c3cabd63071f7","slot_type":"AM","start":"2054-12-01T22:00:00Z","end":"2054-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"524b2f3e5d1f5f9926fd","slot_type":"PM","start":"2054-12-02T03:00:00Z","end":"2054-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"176880de0a699ba376f9","slot_type":"AM","start":"2054-12-02T22:00:00Z","end":"2054-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"1ae39010684f5a48c44a","slot_type":"PM","start":"2054-12-03T03:00:00Z","end":"2054-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"56cb11cd3ab242dcd82c","slot_type":"AM","start":"2054-12-03T22:00:00Z","end":"2054-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"cfc13acccc1d5bc3e88e","slot_type":"PM","start":"2054-12-04T03:00:00Z","end":"2054-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"9c780a4325413d342cd5","slot_type":"AM","start":"2054-12-06T22:00:00Z","end":"2054-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a0d0ba90651355e36f16","slot_type":"PM","start":"2054-12-07T03:00:00Z","end":"2054-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"5a4ce6e989cd2082fa7f","slot_type":"AM","start":"2054-12-07T22:00:00Z","end":"2054-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"a581798abf628c248c3e","slot_type":"AM","start":"2054-12-08T22:00:00Z","end":"2054-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"550be4c49c16d952d756","slot_type":"PM","start":"2054-12-09T03:00:00Z","end":"2054-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
INSERT INTO "offers" VALUES(8,'[{"id":"e970cc8f17f3ee3ab709","slot_type":"AM","start":"2054-11-25T22:00:00Z","end":"2054-11-26T02:00:00Z","timezone_offset":"+10:00"},{"id":"d8434c48052766562b06","slot_type":"PM","start":"2054-11-26T03:00:00Z","end":"2054-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ef7f43742fd49c01785","slot_type":"AM","start":"2054-11-26T22:00:00Z","end":"2054-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"96d7409d01430a73ab1b","slot_type":"PM","start":"2054-11-27T03:00:00Z","end":"2054-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"d21ee8eac830f0f42e50","slot_type":"AM","start":"2054-11-29T22:00:00Z","end":"2054-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"c70ba732d30cb82223c8","slot_type":"PM","start":"2054-11-30T03:00:00Z","end":"2054-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"cb94dd96d4661938de33","slot_type":"AM","start":"2054-11-30T22:00:00Z","end":"2054-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"9e569cb5667baed62d90","slot_type":"PM","start":"2054-12-01T03:00:00Z","end":"2054-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"9cf8f34c3cabd63071f7","slot_type":"AM","start":"2054-12-01T22:00:00Z","end":"2054-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"524b2f3e5d1f5f9926fd","slot_type":"PM","start":"2054-12-02T03:00:00Z","end":"2054-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"176880de0a699ba376f9","slot_type":"AM","start":"2054-12-02T22:00:00Z","end":"2054-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"1ae39010684f5a48c44a","slot_type":"PM","start":"2054-12-03T03:00:00Z","end":"2054-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"56cb11cd3ab242dcd82c","slot_type":"AM","start":"2054-12-03T22:00:00Z","end":"2054-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"cfc13acccc1d5bc3e88e","slot_type":"PM","start":"2054-12-04T03:00:00Z","end":"2054-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"9c780a4325413d342cd5","slot_type":"AM","start":"2054-12-06T22:00:00Z","end":"2054-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a0d0ba90651355e36f16","slot_type":"PM","start":"2054-12-07T03:00:00Z","end":"2054-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"5a4ce6e989cd2082fa7f","slot_type":"AM","start":"2054-12-07T22:00:00Z","end":"2054-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"a581798abf628c248c3e","slot_type":"AM","start":"2054-12-08T22:00:00Z","end":"2054-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"550be4c49c16d952d756","slot_type":"PM","start":"2054-12-09T03:00:00Z","end":"2054-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
INSERT INTO "offers" VALUES(9,'[{"id":"e970cc8f17f3ee3ab709","slot_type":"AM","start":"2054-11-25T22:00:00Z","end":"2054-11-26T02:00:00Z","timezone_offset":"+10:00"},{"id":"d8434c48052766562b06","slot_type":"PM","start":"2054-11-26T03:00:00Z","end":"2054-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ef7f43742fd49c01785","slot_type":"AM","start":"2054-11-26T22:00:00Z","end":"2054-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"96d7409d01430a73ab1b","slot_type":"PM","start":"2054-11-27T03:00:00Z","end":"2054-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"d21ee8eac830f0f42e50","slot_type":"AM","start":"2054-11-29T22:00:00Z","end":"2054-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"c70ba732d30cb82223c8","slot_type":"PM","start":"2054-11-30T03:00:00Z","end":"2054-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"cb94dd96d4661938de33","slot_type":"AM","start":"2054-11-30T22:00:00Z","end":"2054-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"9e569cb5667baed62d90","slot_type":"PM","start":"2054-12-01T03:00:00Z","end":"2054-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"9cf8f34c3cabd63071f7","slot_type":"AM","start":"2054-12-01T22:00:00Z","end":"2054-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"524b2f3e5d1f5f9926fd","slot_type":"PM","start":"2054-12-02T03:00:00Z","end":"2054-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"176880de0a699ba376f9","slot_type":"AM","start":"2054-12-02T22:00:00Z","end":"2054-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"1ae39010684f5a48c44a","slot_type":"PM","start":"2054-12-03T03:00:00Z","end":"2054-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"56cb11cd3ab242dcd82c","slot_type":"AM","start":"2054-12-03T22:00:00Z","end":"2054-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"cfc13acccc1d5bc3e88e","slot_type":"PM","start":"2054-12-04T03:00:00Z","end":"2054-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"9c780a4325413d342cd5","slot_type":"AM","start":"2054-12-06T22:00:00Z","end":"2054-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a0d0ba90651355e36f16","slot_type":"PM","start":"2054-12-07T03:00:00Z","end":"2054-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"5a4ce6e989cd2082fa7f","slot_type":"AM","start":"2054-12-07T22:00:00Z","end":"2054-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"a581798abf628c248c3e","slot_type":"AM","start":"2054-12-08T22:00:00Z","end":"2054-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"550be4c49c16d952d756","slot_type":"PM","start":"2054-12-09T03:00:00Z","end":"2054-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
INSERT INTO "offers" VALUES(10,'[{"id":"e970cc8f17f3ee3ab709","slot_type":"AM","start":"2054-11-25T22:00:00Z","end":"2054-11-26T02:00:00Z","timezone_offset":"+10:00"},{"id":"d8434c48052766562b06","slot_type":"PM","start":"2054-11-26T03:00:00Z","end":"2054-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ef7f43742fd49c01785","slot_type":"AM","start":"2054-11-26T22:00:00Z","end":"2054-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"96d7409d01430a73ab1b","slot_type":"PM","start":"2054-11-27T03:00:00Z","end":"2054-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"d21ee8eac830f0f42e50","slot_type":"AM","start":"2054-11-29T22:00:00Z","end":"2054-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"c70ba732d30cb82223c8","slot_type":"PM","start":"2054-11-30T03:00:00Z","end":"2054-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"cb94dd96d4661938de33","slot_type":"AM","start":"2054-11-30T22:00:00Z","end":"2054-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"9e569cb5667baed62d90","slot_type":"PM","start":"2054-12-01T03:00:00Z","end":"2054-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"9cf8f34c3cabd63071f7","slot_type":"AM","start":"2054-12-01T22:00:00Z","end":"2054-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"524b2f3e5d1f5f9926fd","slot_type":"PM","start":"2054-12-02T03:00:00Z","end":"2054-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"176880de0a699ba376f9","slot_type":"AM","start":"2054-12-02T22:00:00Z","end":"2054-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"1ae39010684f5a48c44a","slot_type":"PM","start":"2054-12-03T03:00:00Z","end":"2054-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"56cb11cd3ab242dcd82c","slot_type":"AM","start":"2054-12-03T22:00:00Z","end":"2054-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"cfc13acccc1d5bc3e88e","slot_type":"PM","start":"2054-12-04T03:00:00Z","end":"2054-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"9c780a4325413d342cd5","slot_type":"AM","start":"2054-12-06T22:00:00Z","end":"2054-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a0d0ba90651355e36f16","slot_type":"PM","start":"2054-12-07T03:00:00Z","end":"2054-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"5a4ce6e989cd2082fa7f","slot_type":"AM","start":"2054-12-07T22:00:00Z","end":"2054-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"a581798abf628c248c3e","slot_type":"AM","start":"2054-12-08T22:00:00Z","end":"2054-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"550be4c49c16d952d756","slot_type":"PM","start":"2054-12-09T03:00:00Z","end":"2054-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
INSERT INTO "offers" VALUES(11,'[{"id":"d8434c48052766562b06","slot_type":"PM","start":"2054-11-26T03:00:00Z","end":"2054-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ef7f43742fd49c01785","slot_type":"AM","start":"2054-11-26T22:00:00Z","end":"2054-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"96d7409d01430a73ab1b","slot_type":"PM","start":"2054-11-27T03:00:00Z","end":"2054-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"d21ee8eac830f0f42e50","slot_type":"AM","start":"2054-11-29T22:00:00Z","end":"2054-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"c70ba732d30cb82223c8","slot_type":"PM","start":"2054-11-30T03:00:00Z","end":"2054-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"cb94dd96d4661938de33","slot_type":"AM","start":"2054-11-30T22:00:00Z","end":"2054-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"9e569cb5667baed62d90","slot_type":"PM","start":"2054-12-01T03:00:00Z","end":"2054-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"9cf8f34c3cabd63071f7","slot_type":"AM","start":"2054-12-01T22:00:00Z","end":"2054-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"524b2f3e5d1f5f9926fd","slot_type":"PM","start":"2054-12-02T03:00:00Z","end":"2054-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"176880de0a699ba376f9","slot_type":"AM","start":"2054-12-02T22:00:00Z","end":"2054-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"1ae39010684f5a48c44a","slot_type":"PM","start":"2054-12-03T03:00:00Z","end":"2054-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"56cb11cd3ab242dcd82c","slot_type":"AM","start":"2054-12-03T22:00:00Z","end":"2054-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"cfc13acccc1d5bc3e88e","slot_type":"PM","start":"2054-12-04T03:00:00Z","end":"2054-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"9c780a4325413d342cd5","slot_type":"AM","start":"2054-12-06T22:00:00Z","end":"2054-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a0d0ba90651355e36f16","slot_type":"PM","start":"2054-12-07T03:00:00Z","end":"2054-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"5a4ce6e989cd2082fa7f","slot_type":"AM","start":"2054-12-07T22:00:00Z","end":"2054-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"a581798abf628c248c3e","slot_type":"AM","start":"2054-12-08T22:00:00Z","end":"2054-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"550be4c49c16d952d756","slot_type":"PM","start":"2054-12-09T03:00:00Z","end":"2054-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
CREATE TABLE orders (
            id INTEGER NOT NULL,
            owner TEXT NOT NULL,
            time_zone TEXT NOT NULL,
            state TEXT NOT NULL,
            area TEXT NOT NULL,
            demand_type TEXT NOT NULL,
            priority_assist BOOLEAN NOT NULL,
            e_sla TEXT NOT NULL,
            customer_ref TEXT,
            service_id INTEGER,
            contact_name TEXT,
            contact_type TEXT,
            contact_phone TEXT,
            contact_notes TEXT,
            occupancy INTEGER DEFAULT '0' NOT NULL,
            imported_on TEXT NOT NULL,
            CONSTRAINT pk_orders PRIMARY KEY (id)
        );
INSERT INTO "orders" VALUES(1,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,1,'2026-11-24T19:14:07.138Z');
INSERT INTO "orders" VALUES(2,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,1,'2026-11-24T19:14:07.138Z');
INSERT INTO "orders" VALUES(3,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0,'2026-11-24T19:14:07.138Z');
INSERT INTO "orders" VALUES(4,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0,'2026-11-24T19:14:07.138Z');
INSERT INTO "orders" VALUES(5,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,1,'2026-11-24T19:14:07.138Z');
INSERT INTO "orders" VALUES(6,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0,'2026-11-24T19:14:07.138Z');
INSERT INTO "orders" VALUES(7,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0,'2026-11-24T19:14:07.138Z');
INSERT INTO "orders" VALUES(8,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,NULL,'Primary Contact',NULL,NULL,0,'2026-11-24T19:14:07.138Z');
INSERT INTO "orders" VALUES(9,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard',NULL,NULL,'Zoë O''Brien; "-- \ %s {x} 😀',NULL,'0739076000','two
lines	and a tab',1,'2026-11-24T19:14:07.160Z');
INSERT INTO "orders" VALUES(11,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0,'2026-11-24T19:14:07.138Z');
INSERT INTO "orders" VALUES(12,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0,'2026-11-24T19:14:07.138Z');
INSERT INTO "orders" VALUES(13,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0,'2026-11-24T19:14:07.138Z');
INSERT INTO "orders" VALUES(14,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0,'2026-11-24T19:14:07.138Z');
INSERT INTO "orders" VALUES(15,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0,'2026-11-24T19:14:07.138Z');
INSERT INTO "orders" VALUES(16,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0,'2026-11-24T19:14:07.138Z');
INSERT INTO "orders" VALUES(17,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0,'2026-11-24T19:14:07.138Z');
INSERT INTO "orders" VALUES(18,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0,'2026-11-24T19:14:07.138Z');
INSERT INTO "orders" VALUES(19,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0,'2026-11-24T19:14:07.138Z');
CREATE TABLE recurring_jobs (
            name TEXT NOT NULL, due_at TEXT NOT NULL, cursor TEXT, CONSTRAINT pk_recurring_jobs PRIMARY KEY (name)
        );
INSERT INTO "recurring_jobs" VALUES('erase-contacts','2026-11-24T20:14:08.478Z',NULL);
INSERT INTO "recurring_jobs" VALUES('news','2026-11-24T19:14:18.255Z','after ');
CREATE TABLE reschedules (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            appointment_id INTEGER NOT NULL,
            request_id INTEGER NOT NULL,
            owner TEXT NOT NULL,
            slot_id TEXT NOT NULL,
            slot TEXT NOT NULL,
            state TEXT NOT NULL,
            refusal TEXT,
            client TEXT NOT NULL,
            requested_on TEXT NOT NULL,
            ended_on TEXT,
            
            
        CONSTRAINT ck_reschedules_known_state CHECK (state IN ('deciding', 'rescheduled', 'refused')),
        CONSTRAINT ck_reschedules_ended_on CHECK ((state = 'deciding') = (ended_on IS NULL)),
        CONSTRAINT ck_reschedules_refusal CHECK ((state = 'refused') = (refusal IS NOT NULL))
    ,
            CONSTRAINT fk_reschedules_appointment_id FOREIGN KEY(appointment_id) REFERENCES appointments (id),
            CONSTRAINT fk_reschedules_request_id FOREIGN KEY(request_id) REFERENCES appointment_requests (id)
        );
INSERT INTO "reschedules" VALUES(2,2,4,'11001','942e5594d6b9c770b42b','{"id":"942e5594d6b9c770b42b","slot_type":"PM","start":"2054-12-08T03:00:00Z","end":"2054-12-08T07:00:00Z","timezone_offset":"+10:00"}','rescheduled',NULL,'portal-api','2026-11-24T19:14:08.650Z','2026-11-24T19:14:08.687Z');
CREATE TABLE "reservations" (
            key TEXT NOT NULL,
            area TEXT NOT NULL,
            day DATE NOT NULL,
            slot_type TEXT NOT NULL,
            state TEXT NOT NULL, move_number INTEGER DEFAULT '0' NOT NULL, closed_on TEXT,
            CONSTRAINT pk_reservations PRIMARY KEY (key),
            CONSTRAINT ck_reservations_known_state CHECK (state IN ('reserved', 'refused', 'cancelled'))
        );
INSERT INTO "reservations" VALUES('a952da73-1','4000','2054-12-08','PM','cancelled',2,NULL);
INSERT INTO "reservations" VALUES('a952da73-2','4000','2054-12-08','PM','cancelled',4,NULL);
INSERT INTO "reservations" VALUES('a952da73-3','4000','2054-11-26','AM','reserved',0,NULL);
INSERT INTO "reservations" VALUES('a952da73-4','4000','2054-11-26','AM','reserved',0,NULL);
INSERT INTO "reservations" VALUES('a952da73-5','4000','2054-11-26','AM','refused',0,NULL);
INSERT INTO "reservations" VALUES('a952da73-6','4000','2054-11-26','PM','reserved',0,NULL);
CREATE INDEX ix_events_request_id ON events (request_id);
CREATE INDEX ix_bookings_request_id ON bookings (request_id);
CREATE TRIGGER events_append_only_update BEFORE UPDATE ON events
            BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_append_only_insert BEFORE INSERT ON events
        WHEN EXISTS (SELECT 1 FROM events WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE INDEX ix_reservations_area_day_slot_type ON reservations (area, day, slot_type);
CREATE INDEX ix_appointment_requests_of_order ON appointment_requests (order_id, owner, id);
CREATE INDEX ix_appointments_of_order ON appointments (order_id, owner, id);
CREATE INDEX ix_cancellations_appointment_id ON cancellations (appointment_id);
CREATE INDEX ix_reschedules_appointment_id ON reschedules (appointment_id);
CREATE INDEX ix_reschedules_request_id ON reschedules (request_id);
CREATE INDEX ix_events_appointment_id ON events (appointment_id) WHERE appointment_id IS NOT NULL;
CREATE INDEX ix_orders_contact ON orders (imported_on, id) WHERE contact_name IS NOT NULL OR contact_phone IS NOT NULL OR contact_notes IS NOT NULL;
CREATE INDEX ix_appointments_contact ON appointments (created_on, id) WHERE contact_name IS NOT NULL OR contact_phone IS NOT NULL OR contact_notes IS NOT NULL;
CREATE INDEX ix_archived_appointment_requests_order_id ON archived_appointment_requests (order_id);
CREATE INDEX ix_archived_bookings_request_id ON archived_bookings (request_id);
CREATE INDEX ix_archived_appointments_request_id ON archived_appointments (request_id);
CREATE INDEX ix_archived_appointments_booking_id ON archived_appointments (booking_id);
CREATE INDEX ix_archived_appointments_order_id ON archived_appointments (order_id);
CREATE INDEX ix_archived_cancellations_appointment_id ON archived_cancellations (appointment_id);
CREATE INDEX ix_archived_reschedules_appointment_id ON archived_reschedules (appointment_id);
CREATE INDEX ix_archived_reschedules_request_id ON archived_reschedules (request_id);
CREATE INDEX ix_archived_events_request_id ON archived_events (request_id);
CREATE INDEX ix_archived_appointments_contact ON archived_appointments (created_on, id) WHERE contact_name IS NOT NULL OR contact_phone IS NOT NULL OR contact_notes IS NOT NULL;
CREATE INDEX ix_jobs_kind_due_at ON jobs (kind, due_at);
CREATE INDEX ix_jobs_release_offer ON jobs (request_id) WHERE kind = 'release-offer';
CREATE INDEX ix_idempotency_keys_created_on ON idempotency_keys (created_on);
CREATE TRIGGER events_append_only_delete BEFORE DELETE ON events
        WHEN NOT EXISTS (SELECT 1 FROM archived_events WHERE id = OLD.id AND kind = OLD.kind)
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER archived_events_never_change BEFORE UPDATE ON archived_events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('appointments',5);
INSERT INTO "sqlite_sequence" VALUES('jobs',24);
INSERT INTO "sqlite_sequence" VALUES('appointment_requests',13);
INSERT INTO "sqlite_sequence" VALUES('events',51);
INSERT INTO "sqlite_sequence" VALUES('bookings',7);
INSERT INTO "sqlite_sequence" VALUES('reschedules',2);
INSERT INTO "sqlite_sequence" VALUES('cancellations',2);
INSERT INTO "sqlite_sequence" VALUES('contact_erasures',1);
INSERT INTO "sqlite_sequence" VALUES('early_news',1);
COMMIT;
