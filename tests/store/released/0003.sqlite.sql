BEGIN TRANSACTION;
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
CREATE TABLE appointment_requests (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
    owner TEXT NOT NULL, 
    order_id INTEGER NOT NULL, 
    date_from DATE NOT NULL, 
    state TEXT NOT NULL, 
    booking_id INTEGER, 
    created_on TEXT NOT NULL, 
    updated_on TEXT NOT NULL, 
    cancelled_on TEXT, held_until TEXT, 
    CONSTRAINT ck_appointment_requests_cancelled_on CHECK ((state = 'cancelled') = (cancelled_on IS NOT NULL)), 
    CONSTRAINT ck_appointment_requests_known_state CHECK (state IN ('searching', 'open', 'booking', 'booked', 'failed', 'cancelled')), 
    CONSTRAINT ck_appointment_requests_booking_id CHECK (state NOT IN ('booking', 'booked') OR booking_id IS NOT NULL), 
    CONSTRAINT fk_appointment_requests_order_id FOREIGN KEY(order_id) REFERENCES orders (id)
);
INSERT INTO "appointment_requests" VALUES(1,'11001',1,'2026-11-25','booking',5,'2026-11-24T15:19:10.831Z','2026-11-24T15:19:11.379Z',NULL,NULL);
INSERT INTO "appointment_requests" VALUES(2,'11001',2,'2026-11-25','booked',1,'2026-11-24T15:19:10.950Z','2026-11-24T15:19:10.987Z',NULL,NULL);
INSERT INTO "appointment_requests" VALUES(3,'11001',9,'2026-11-25','booked',2,'2026-11-24T15:19:10.994Z','2026-11-24T15:19:11.081Z',NULL,NULL);
INSERT INTO "appointment_requests" VALUES(4,'11001',3,'2026-11-25','cancelled',NULL,'2026-11-24T15:19:11.105Z','2026-11-24T15:19:11.154Z','2026-11-24T15:19:11.154Z',NULL);
INSERT INTO "appointment_requests" VALUES(5,'11002',11,'2026-11-25','open',NULL,'2026-11-24T15:19:11.165Z','2026-11-24T15:19:11.182Z',NULL,NULL);
INSERT INTO "appointment_requests" VALUES(6,'11001',4,'2026-11-25','open',NULL,'2026-11-24T15:19:11.202Z','2026-11-24T15:19:11.234Z',NULL,NULL);
INSERT INTO "appointment_requests" VALUES(7,'11001',5,'2026-11-25','booked',4,'2026-11-24T15:19:11.248Z','2026-11-24T15:19:11.353Z',NULL,NULL);
INSERT INTO "appointment_requests" VALUES(8,'11001',6,'2026-11-25','searching',NULL,'2026-11-24T15:19:11.371Z','2026-11-24T15:19:11.371Z',NULL,NULL);
INSERT INTO "appointment_requests" VALUES(9,'11001',7,'2026-11-25','failed',NULL,'2026-11-24T15:19:11.384Z','2026-11-24T15:19:11.391Z',NULL,NULL);
CREATE TABLE "appointments" (
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
            CONSTRAINT ck_appointments_known_state CHECK (state IN ('booked', 'cancelling', 'rescheduling', 'in-progress', 'completed', 'incomplete', 'cancelled')),
            CONSTRAINT fk_appointments_booking_id FOREIGN KEY(booking_id) REFERENCES bookings (id),
            CONSTRAINT fk_appointments_order_id FOREIGN KEY(order_id) REFERENCES orders (id),
            CONSTRAINT fk_appointments_request_id FOREIGN KEY(request_id) REFERENCES appointment_requests (id),
            CONSTRAINT uq_appointments_booking_id UNIQUE (booking_id),
            CONSTRAINT uq_appointments_request_id UNIQUE (request_id),
            CONSTRAINT uq_appointments_workforce_id UNIQUE (workforce_id)
        );
INSERT INTO "appointments" VALUES(1,2,1,'11001',2,'APT000000000001','booked','{"id":"cc3cf2f94b31e940b66e","slot_type":"AM","start":"2026-11-25T22:00:00Z","end":"2026-11-26T02:00:00Z","timezone_offset":"+10:00"}','2026-11-26T02:00:00.000Z','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,'2026-11-24T15:19:10.990Z');
INSERT INTO "appointments" VALUES(2,3,2,'11001',9,'APT000000000002','booked','{"id":"cc3cf2f94b31e940b66e","slot_type":"AM","start":"2026-11-25T22:00:00Z","end":"2026-11-26T02:00:00Z","timezone_offset":"+10:00"}','2026-11-26T02:00:00.000Z','Standard Install',0,'Standard',NULL,NULL,'Zoë O''Brien; "-- \ %s {x} 😀',NULL,'0739076000','two
lines	and a tab','2026-11-24T15:19:11.081Z');
INSERT INTO "appointments" VALUES(3,7,4,'11001',5,'APT000000000004','booked','{"id":"4e13097084833fdc6704","slot_type":"PM","start":"2026-11-26T03:00:00Z","end":"2026-11-26T07:00:00Z","timezone_offset":"+10:00"}','2026-11-26T07:00:00.000Z','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,'2026-11-24T15:19:11.353Z');
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
INSERT INTO "bookings" VALUES(1,2,'11001','cc3cf2f94b31e940b66e','{"id":"cc3cf2f94b31e940b66e","slot_type":"AM","start":"2026-11-25T22:00:00Z","end":"2026-11-26T02:00:00Z","timezone_offset":"+10:00"}','booked','2026-11-24T15:19:10.964Z','2026-11-24T15:19:10.989Z',NULL);
INSERT INTO "bookings" VALUES(2,3,'11001','cc3cf2f94b31e940b66e','{"id":"cc3cf2f94b31e940b66e","slot_type":"AM","start":"2026-11-25T22:00:00Z","end":"2026-11-26T02:00:00Z","timezone_offset":"+10:00"}','booked','2026-11-24T15:19:11.034Z','2026-11-24T15:19:11.081Z',NULL);
INSERT INTO "bookings" VALUES(3,7,'11001','cc3cf2f94b31e940b66e','{"id":"cc3cf2f94b31e940b66e","slot_type":"AM","start":"2026-11-25T22:00:00Z","end":"2026-11-26T02:00:00Z","timezone_offset":"+10:00"}','refused','2026-11-24T15:19:11.289Z','2026-11-24T15:19:11.322Z','slot-unavailable');
INSERT INTO "bookings" VALUES(4,7,'11001','4e13097084833fdc6704','{"id":"4e13097084833fdc6704","slot_type":"PM","start":"2026-11-26T03:00:00Z","end":"2026-11-26T07:00:00Z","timezone_offset":"+10:00"}','booked','2026-11-24T15:19:11.336Z','2026-11-24T15:19:11.353Z',NULL);
INSERT INTO "bookings" VALUES(5,1,'11001','cc3cf2f94b31e940b66e','{"id":"cc3cf2f94b31e940b66e","slot_type":"AM","start":"2026-11-25T22:00:00Z","end":"2026-11-26T02:00:00Z","timezone_offset":"+10:00"}','booking','2026-11-24T15:19:11.379Z',NULL,NULL);
CREATE TABLE "capacity" (
            area TEXT NOT NULL, day DATE NOT NULL, slot_type TEXT NOT NULL,
            capacity INTEGER NOT NULL, taken INTEGER NOT NULL,
            CONSTRAINT pk_capacity PRIMARY KEY (area, day, slot_type),
            CONSTRAINT ck_capacity_capacity_counts CHECK (capacity >= 0),
            CONSTRAINT ck_capacity_taken_counts CHECK (taken >= 0)
        );
INSERT INTO "capacity" VALUES('4000','2026-11-23','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-11-23','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-11-24','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-11-24','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-11-25','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-11-25','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-11-26','AM',5,2);
INSERT INTO "capacity" VALUES('4000','2026-11-26','PM',5,1);
INSERT INTO "capacity" VALUES('4000','2026-11-27','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-11-27','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-11-28','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-11-28','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-11-29','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-11-29','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-11-30','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-11-30','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-01','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-01','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-02','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-02','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-03','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-03','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-04','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-04','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-05','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-05','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-06','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-06','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-07','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-07','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-08','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-08','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-09','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-09','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-10','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-10','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-11','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-11','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-12','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-12','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-13','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-13','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-14','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-14','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-15','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-15','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-16','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-16','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-17','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-17','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-18','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-18','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-19','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-19','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-20','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-20','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-21','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-21','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-22','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-22','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-23','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-23','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-24','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-24','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-25','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-25','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-26','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-26','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-27','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-27','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-28','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-28','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-29','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-29','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-30','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-30','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-31','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2026-12-31','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-01','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-01','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-02','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-02','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-03','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-03','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-04','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-04','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-05','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-05','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-06','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-06','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-07','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-07','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-08','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-08','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-09','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-09','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-10','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-10','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-11','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-11','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-12','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-12','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-13','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-13','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-14','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-14','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-15','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-15','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-16','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-16','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-17','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-17','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-18','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-18','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-19','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-19','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-20','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-20','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-21','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-21','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-22','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-22','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-23','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-23','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-24','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-24','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-25','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-25','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-26','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-26','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-27','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-27','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-28','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-28','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-29','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-29','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-30','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-30','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-31','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-01-31','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-01','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-01','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-02','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-02','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-03','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-03','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-04','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-04','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-05','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-05','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-06','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-06','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-07','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-07','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-08','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-08','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-09','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-09','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-10','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-10','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-11','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-11','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-12','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-12','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-13','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-13','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-14','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-14','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-15','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-15','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-16','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-16','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-17','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-17','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-18','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-18','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-19','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-19','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-20','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-20','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-21','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-21','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-22','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-22','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-23','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-23','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-24','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-24','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-25','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-25','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-26','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-26','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-27','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-27','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-28','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-02-28','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-01','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-01','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-02','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-02','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-03','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-03','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-04','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-04','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-05','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-05','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-06','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-06','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-07','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-07','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-08','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-08','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-09','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-09','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-10','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-10','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-11','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-11','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-12','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-12','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-13','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-13','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-14','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-14','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-15','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-15','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-16','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-16','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-17','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-17','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-18','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-18','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-19','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-19','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-20','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-20','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-21','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-21','PM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-22','AM',5,0);
INSERT INTO "capacity" VALUES('4000','2027-03-22','PM',5,0);
CREATE TABLE events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
    request_id INTEGER NOT NULL, 
    kind TEXT NOT NULL, 
    at TEXT NOT NULL, 
    owner TEXT NOT NULL, 
    client TEXT NOT NULL, 
    x_request_id TEXT NOT NULL, 
    booking_id INTEGER
);
INSERT INTO "events" VALUES(1,1,'created','2026-11-24T15:19:10.831Z','11001','portal-api','d526cd8b1bdf80fe-1',NULL);
INSERT INTO "events" VALUES(2,1,'slots-found','2026-11-24T15:19:10.940Z','11001','worker','d526cd8b1bdf80fe-1',NULL);
INSERT INTO "events" VALUES(3,2,'created','2026-11-24T15:19:10.950Z','11001','portal-api','d526cd8b1bdf80fe-6',NULL);
INSERT INTO "events" VALUES(4,2,'slots-found','2026-11-24T15:19:10.954Z','11001','worker','d526cd8b1bdf80fe-6',NULL);
INSERT INTO "events" VALUES(5,2,'booking-started','2026-11-24T15:19:10.966Z','11001','portal-api','d526cd8b1bdf80fe-c',1);
INSERT INTO "events" VALUES(6,2,'booked','2026-11-24T15:19:10.987Z','11001','worker','d526cd8b1bdf80fe-c',1);
INSERT INTO "events" VALUES(7,3,'created','2026-11-24T15:19:10.994Z','11001','portal-api','d526cd8b1bdf80fe-15',NULL);
INSERT INTO "events" VALUES(8,3,'slots-found','2026-11-24T15:19:11.021Z','11001','worker','d526cd8b1bdf80fe-15',NULL);
INSERT INTO "events" VALUES(9,3,'booking-started','2026-11-24T15:19:11.034Z','11001','portal-api','d526cd8b1bdf80fe-79',2);
INSERT INTO "events" VALUES(10,3,'booked','2026-11-24T15:19:11.081Z','11001','worker','d526cd8b1bdf80fe-79',2);
INSERT INTO "events" VALUES(11,4,'created','2026-11-24T15:19:11.105Z','11001','portal-api','d526cd8b1bdf80fe-15e',NULL);
INSERT INTO "events" VALUES(12,4,'slots-found','2026-11-24T15:19:11.121Z','11001','worker','d526cd8b1bdf80fe-15e',NULL);
INSERT INTO "events" VALUES(13,4,'cancelled','2026-11-24T15:19:11.154Z','11001','portal-api','d526cd8b1bdf80fe-1c5',NULL);
INSERT INTO "events" VALUES(14,5,'created','2026-11-24T15:19:11.165Z','11002','portal-api','d526cd8b1bdf80fe-1c6',NULL);
INSERT INTO "events" VALUES(15,5,'slots-found','2026-11-24T15:19:11.182Z','11002','worker','d526cd8b1bdf80fe-1c6',NULL);
INSERT INTO "events" VALUES(16,6,'created','2026-11-24T15:19:11.202Z','11001','portal-api','d526cd8b1bdf80fe-1d6',NULL);
INSERT INTO "events" VALUES(17,6,'slots-found','2026-11-24T15:19:11.234Z','11001','worker','d526cd8b1bdf80fe-1d6',NULL);
INSERT INTO "events" VALUES(18,7,'created','2026-11-24T15:19:11.248Z','11001','portal-api','d526cd8b1bdf80fe-1f2',NULL);
INSERT INTO "events" VALUES(19,7,'slots-found','2026-11-24T15:19:11.269Z','11001','worker','d526cd8b1bdf80fe-1f2',NULL);
INSERT INTO "events" VALUES(20,7,'booking-started','2026-11-24T15:19:11.289Z','11001','portal-api','d526cd8b1bdf80fe-205',3);
INSERT INTO "events" VALUES(21,7,'slot-refused','2026-11-24T15:19:11.321Z','11001','worker','d526cd8b1bdf80fe-205',3);
INSERT INTO "events" VALUES(22,7,'booking-started','2026-11-24T15:19:11.336Z','11001','portal-api','d526cd8b1bdf80fe-21d',4);
INSERT INTO "events" VALUES(23,7,'booked','2026-11-24T15:19:11.353Z','11001','worker','d526cd8b1bdf80fe-21d',4);
INSERT INTO "events" VALUES(24,8,'created','2026-11-24T15:19:11.371Z','11001','portal-api','22e7c36bbe345996-1',NULL);
INSERT INTO "events" VALUES(25,1,'booking-started','2026-11-24T15:19:11.379Z','11001','portal-api','22e7c36bbe345996-3',5);
INSERT INTO "events" VALUES(26,9,'created','2026-11-24T15:19:11.384Z','11001','portal-api','22e7c36bbe345996-4',NULL);
INSERT INTO "events" VALUES(27,9,'search-failed','2026-11-24T15:19:11.391Z','11001','portal-api','x_request_id',NULL);
CREATE TABLE idempotency_keys (
    owner TEXT NOT NULL, 
    "key" TEXT NOT NULL, 
    fingerprint TEXT NOT NULL, 
    request_id INTEGER NOT NULL, 
    created_on TEXT NOT NULL, 
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (owner, "key"), 
    CONSTRAINT fk_idempotency_keys_request_id FOREIGN KEY(request_id) REFERENCES appointment_requests (id)
);
INSERT INTO "idempotency_keys" VALUES('11001','key''; --','9e37bf9d030bbee07dfded9dec423ad2803e98b452ec0372de08b0a17f8d1351',6,'2026-11-24T15:19:11.217Z');
CREATE TABLE installation (id TEXT NOT NULL, CONSTRAINT pk_installation PRIMARY KEY (id));
INSERT INTO "installation" VALUES('5a3cbdfa');
CREATE TABLE "jobs" (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            request_id INTEGER,
            booking_id INTEGER,
            x_request_id TEXT NOT NULL,
            tries INTEGER NOT NULL,
            due_at TEXT NOT NULL,
            last_error TEXT,
            CONSTRAINT fk_jobs_booking_id FOREIGN KEY(booking_id) REFERENCES bookings (id),
            CONSTRAINT fk_jobs_request_id FOREIGN KEY(request_id) REFERENCES appointment_requests (id)
        );
INSERT INTO "jobs" VALUES(12,'search',8,NULL,'22e7c36bbe345996-1',0,'2026-11-24T15:19:11.371Z',NULL);
INSERT INTO "jobs" VALUES(13,'book',1,5,'22e7c36bbe345996-3',0,'2026-11-24T15:19:11.379Z',NULL);
INSERT INTO "jobs" VALUES(14,'search',9,NULL,'22e7c36bbe345996-4',0,'2026-11-24T15:19:11.384Z',NULL);
CREATE TABLE offers (
    request_id INTEGER NOT NULL, 
    slots TEXT NOT NULL, 
    CONSTRAINT pk_offers PRIMARY KEY (request_id), 
    CONSTRAINT fk_offers_request_id FOREIGN KEY(request_id) REFERENCES appointment_requests (id)
);
INSERT INTO "offers" VALUES(1,'[{"id":"cc3cf2f94b31e940b66e","slot_type":"AM","start":"2026-11-25T22:00:00Z","end":"2026-11-26T02:00:00Z","timezone_offset":"+10:00"},{"id":"4e13097084833fdc6704","slot_type":"PM","start":"2026-11-26T03:00:00Z","end":"2026-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"b3742521a289371ef2a3","slot_type":"AM","start":"2026-11-26T22:00:00Z","end":"2026-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"86da2c2ea42a1babca66","slot_type":"PM","start":"2026-11-27T03:00:00Z","end":"2026-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"569608eb5b711fb4281e","slot_type":"AM","start":"2026-11-29T22:00:00Z","end":"2026-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"f5d5a71b37d6636c4023","slot_type":"PM","start":"2026-11-30T03:00:00Z","end":"2026-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"89edb370fc3ed05ecd4d","slot_type":"AM","start":"2026-11-30T22:00:00Z","end":"2026-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"b4ee813918d736b7640a","slot_type":"PM","start":"2026-12-01T03:00:00Z","end":"2026-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"c556b7ce73063648bded","slot_type":"AM","start":"2026-12-01T22:00:00Z","end":"2026-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"1b013f48f11f044daf1d","slot_type":"PM","start":"2026-12-02T03:00:00Z","end":"2026-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"0f945af6dfa56e95973b","slot_type":"AM","start":"2026-12-02T22:00:00Z","end":"2026-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"0eca622b67a3bd19fdc2","slot_type":"PM","start":"2026-12-03T03:00:00Z","end":"2026-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"f5af5b37f696a3d442f6","slot_type":"AM","start":"2026-12-03T22:00:00Z","end":"2026-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"d10bbf7698f26fed19ba","slot_type":"PM","start":"2026-12-04T03:00:00Z","end":"2026-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"0fce81260dfc19d48a30","slot_type":"AM","start":"2026-12-06T22:00:00Z","end":"2026-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a9b5c9ef5677f8bc6198","slot_type":"PM","start":"2026-12-07T03:00:00Z","end":"2026-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ca2b4042c2d862bed47","slot_type":"AM","start":"2026-12-07T22:00:00Z","end":"2026-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"01280737dfbe628fb73d","slot_type":"PM","start":"2026-12-08T03:00:00Z","end":"2026-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"ff86aac804eede311b38","slot_type":"AM","start":"2026-12-08T22:00:00Z","end":"2026-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"1fee9527f7ddb473f38f","slot_type":"PM","start":"2026-12-09T03:00:00Z","end":"2026-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
INSERT INTO "offers" VALUES(2,'[{"id":"cc3cf2f94b31e940b66e","slot_type":"AM","start":"2026-11-25T22:00:00Z","end":"2026-11-26T02:00:00Z","timezone_offset":"+10:00"},{"id":"4e13097084833fdc6704","slot_type":"PM","start":"2026-11-26T03:00:00Z","end":"2026-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"b3742521a289371ef2a3","slot_type":"AM","start":"2026-11-26T22:00:00Z","end":"2026-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"86da2c2ea42a1babca66","slot_type":"PM","start":"2026-11-27T03:00:00Z","end":"2026-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"569608eb5b711fb4281e","slot_type":"AM","start":"2026-11-29T22:00:00Z","end":"2026-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"f5d5a71b37d6636c4023","slot_type":"PM","start":"2026-11-30T03:00:00Z","end":"2026-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"89edb370fc3ed05ecd4d","slot_type":"AM","start":"2026-11-30T22:00:00Z","end":"2026-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"b4ee813918d736b7640a","slot_type":"PM","start":"2026-12-01T03:00:00Z","end":"2026-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"c556b7ce73063648bded","slot_type":"AM","start":"2026-12-01T22:00:00Z","end":"2026-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"1b013f48f11f044daf1d","slot_type":"PM","start":"2026-12-02T03:00:00Z","end":"2026-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"0f945af6dfa56e95973b","slot_type":"AM","start":"2026-12-02T22:00:00Z","end":"2026-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"0eca622b67a3bd19fdc2","slot_type":"PM","start":"2026-12-03T03:00:00Z","end":"2026-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"f5af5b37f696a3d442f6","slot_type":"AM","start":"2026-12-03T22:00:00Z","end":"2026-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"d10bbf7698f26fed19ba","slot_type":"PM","start":"2026-12-04T03:00:00Z","end":"2026-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"0fce81260dfc19d48a30","slot_type":"AM","start":"2026-12-06T22:00:00Z","end":"2026-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a9b5c9ef5677f8bc6198","slot_type":"PM","start":"2026-12-07T03:00:00Z","end":"2026-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ca2b4042c2d862bed47","slot_type":"AM","start":"2026-12-07T22:00:00Z","end":"2026-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"01280737dfbe628fb73d","slot_type":"PM","start":"2026-12-08T03:00:00Z","end":"2026-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"ff86aac804eede311b38","slot_type":"AM","start":"2026-12-08T22:00:00Z","end":"2026-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"1fee9527f7ddb473f38f","slot_type":"PM","start":"2026-12-09T03:00:00Z","end":"2026-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
INSERT INTO "offers" VALUES(3,'[{"id":"cc3cf2f94b31e940b66e","slot_type":"AM","start":"2026-11-25T22:00:00Z","end":"2026-11-26T02:00:00Z","timezone_offset":"+10:00"},{"id":"4e13097084833fdc6704","slot_type":"PM","start":"2026-11-26T03:00:00Z","end":"2026-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"b3742521a289371ef2a3","slot_type":"AM","start":"2026-11-26T22:00:00Z","end":"2026-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"86da2c2ea42a1babca66","slot_type":"PM","start":"2026-11-27T03:00:00Z","end":"2026-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"569608eb5b711fb4281e","slot_type":"AM","start":"2026-11-29T22:00:00Z","end":"2026-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"f5d5a71b37d6636c4023","slot_type":"PM","start":"2026-11-30T03:00:00Z","end":"2026-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"89edb370fc3ed05ecd4d","slot_type":"AM","start":"2026-11-30T22:00:00Z","end":"2026-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"b4ee813918d736b7640a","slot_type":"PM","start":"2026-12-01T03:00:00Z","end":"2026-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"c556b7ce73063648bded","slot_type":"AM","start":"2026-12-01T22:00:00Z","end":"2026-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"1b013f48f11f044daf1d","slot_type":"PM","start":"2026-12-02T03:00:00Z","end":"2026-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"0f945af6dfa56e95973b","slot_type":"AM","start":"2026-12-02T22:00:00Z","end":"2026-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"0eca622b67a3bd19fdc2","slot_type":"PM","start":"2026-12-03T03:00:00Z","end":"2026-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"f5af5b37f696a3d442f6","slot_type":"AM","start":"2026-12-03T22:00:00Z","end":"2026-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"d10bbf7698f26fed19ba","slot_type":"PM","start":"2026-12-04T03:00:00Z","end":"2026-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"0fce81260dfc19d48a30","slot_type":"AM","start":"2026-12-06T22:00:00Z","end":"2026-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a9b5c9ef5677f8bc6198","slot_type":"PM","start":"2026-12-07T03:00:00Z","end":"2026-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ca2b4042c2d862bed47","slot_type":"AM","start":"2026-12-07T22:00:00Z","end":"2026-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"01280737dfbe628fb73d","slot_type":"PM","start":"2026-12-08T03:00:00Z","end":"2026-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"ff86aac804eede311b38","slot_type":"AM","start":"2026-12-08T22:00:00Z","end":"2026-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"1fee9527f7ddb473f38f","slot_type":"PM","start":"2026-12-09T03:00:00Z","end":"2026-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
INSERT INTO "offers" VALUES(4,'[{"id":"cc3cf2f94b31e940b66e","slot_type":"AM","start":"2026-11-25T22:00:00Z","end":"2026-11-26T02:00:00Z","timezone_offset":"+10:00"},{"id":"4e13097084833fdc6704","slot_type":"PM","start":"2026-11-26T03:00:00Z","end":"2026-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"b3742521a289371ef2a3","slot_type":"AM","start":"2026-11-26T22:00:00Z","end":"2026-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"86da2c2ea42a1babca66","slot_type":"PM","start":"2026-11-27T03:00:00Z","end":"2026-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"569608eb5b711fb4281e","slot_type":"AM","start":"2026-11-29T22:00:00Z","end":"2026-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"f5d5a71b37d6636c4023","slot_type":"PM","start":"2026-11-30T03:00:00Z","end":"2026-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"89edb370fc3ed05ecd4d","slot_type":"AM","start":"2026-11-30T22:00:00Z","end":"2026-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"b4ee813918d736b7640a","slot_type":"PM","start":"2026-12-01T03:00:00Z","end":"2026-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"c556b7ce73063648bded","slot_type":"AM","start":"2026-12-01T22:00:00Z","end":"2026-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"1b013f48f11f044daf1d","slot_type":"PM","start":"2026-12-02T03:00:00Z","end":"2026-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"0f945af6dfa56e95973b","slot_type":"AM","start":"2026-12-02T22:00:00Z","end":"2026-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"0eca622b67a3bd19fdc2","slot_type":"PM","start":"2026-12-03T03:00:00Z","end":"2026-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"f5af5b37f696a3d442f6","slot_type":"AM","start":"2026-12-03T22:00:00Z","end":"2026-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"d10bbf7698f26fed19ba","slot_type":"PM","start":"2026-12-04T03:00:00Z","end":"2026-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"0fce81260dfc19d48a30","slot_type":"AM","start":"2026-12-06T22:00:00Z","end":"2026-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a9b5c9ef5677f8bc6198","slot_type":"PM","start":"2026-12-07T03:00:00Z","end":"2026-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ca2b4042c2d862bed47","slot_type":"AM","start":"2026-12-07T22:00:00Z","end":"2026-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"01280737dfbe628fb73d","slot_type":"PM","start":"2026-12-08T03:00:00Z","end":"2026-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"ff86aac804eede311b38","slot_type":"AM","start":"2026-12-08T22:00:00Z","end":"2026-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"1fee9527f7ddb473f38f","slot_type":"PM","start":"2026-12-09T03:00:00Z","end":"2026-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
INSERT INTO "offers" VALUES(5,'[{"id":"cc3cf2f94b31e940b66e","slot_type":"AM","start":"2026-11-25T22:00:00Z","end":"2026-11-26T02:00:00Z","timezone_offset":"+10:00"},{"id":"4e13097084833fdc6704","slot_type":"PM","start":"2026-11-26T03:00:00Z","end":"2026-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"b3742521a289371ef2a3","slot_type":"AM","start":"2026-11-26T22:00:00Z","end":"2026-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"86da2c2ea42a1babca66","slot_type":"PM","start":"2026-11-27T03:00:00Z","end":"2026-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"569608eb5b711fb4281e","slot_type":"AM","start":"2026-11-29T22:00:00Z","end":"2026-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"f5d5a71b37d6636c4023","slot_type":"PM","start":"2026-11-30T03:00:00Z","end":"2026-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"89edb370fc3ed05ecd4d","slot_type":"AM","start":"2026-11-30T22:00:00Z","end":"2026-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"b4ee813918d736b7640a","slot_type":"PM","start":"2026-12-01T03:00:00Z","end":"2026-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"c556b7ce73063648bded","slot_type":"AM","start":"2026-12-01T22:00:00Z","end":"2026-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"1b013f48f11f044daf1d","slot_type":"PM","start":"2026-12-02T03:00:00Z","end":"2026-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"0f945af6dfa56e95973b","slot_type":"AM","start":"2026-12-02T22:00:00Z","end":"2026-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"0eca622b67a3bd19fdc2","slot_type":"PM","start":"2026-12-03T03:00:00Z","end":"2026-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"f5af5b37f696a3d442f6","slot_type":"AM","start":"2026-12-03T22:00:00Z","end":"2026-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"d10bbf7698f26fed19ba","slot_type":"PM","start":"2026-12-04T03:00:00Z","end":"2026-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"0fce81260dfc19d48a30","slot_type":"AM","start":"2026-12-06T22:00:00Z","end":"2026-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a9b5c9ef5677f8bc6198","slot_type":"PM","start":"2026-12-07T03:00:00Z","end":"2026-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ca2b4042c2d862bed47","slot_type":"AM","start":"2026-12-07T22:00:00Z","end":"2026-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"01280737dfbe628fb73d","slot_type":"PM","start":"2026-12-08T03:00:00Z","end":"2026-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"ff86aac804eede311b38","slot_type":"AM","start":"2026-12-08T22:00:00Z","end":"2026-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"1fee9527f7ddb473f38f","slot_type":"PM","start":"2026-12-09T03:00:00Z","end":"2026-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
INSERT INTO "offers" VALUES(6,'[{"id":"cc3cf2f94b31e940b66e","slot_type":"AM","start":"2026-11-25T22:00:00Z","end":"2026-11-26T02:00:00Z","timezone_offset":"+10:00"},{"id":"4e13097084833fdc6704","slot_type":"PM","start":"2026-11-26T03:00:00Z","end":"2026-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"b3742521a289371ef2a3","slot_type":"AM","start":"2026-11-26T22:00:00Z","end":"2026-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"86da2c2ea42a1babca66","slot_type":"PM","start":"2026-11-27T03:00:00Z","end":"2026-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"569608eb5b711fb4281e","slot_type":"AM","start":"2026-11-29T22:00:00Z","end":"2026-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"f5d5a71b37d6636c4023","slot_type":"PM","start":"2026-11-30T03:00:00Z","end":"2026-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"89edb370fc3ed05ecd4d","slot_type":"AM","start":"2026-11-30T22:00:00Z","end":"2026-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"b4ee813918d736b7640a","slot_type":"PM","start":"2026-12-01T03:00:00Z","end":"2026-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"c556b7ce73063648bded","slot_type":"AM","start":"2026-12-01T22:00:00Z","end":"2026-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"1b013f48f11f044daf1d","slot_type":"PM","start":"2026-12-02T03:00:00Z","end":"2026-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"0f945af6dfa56e95973b","slot_type":"AM","start":"2026-12-02T22:00:00Z","end":"2026-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"0eca622b67a3bd19fdc2","slot_type":"PM","start":"2026-12-03T03:00:00Z","end":"2026-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"f5af5b37f696a3d442f6","slot_type":"AM","start":"2026-12-03T22:00:00Z","end":"2026-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"d10bbf7698f26fed19ba","slot_type":"PM","start":"2026-12-04T03:00:00Z","end":"2026-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"0fce81260dfc19d48a30","slot_type":"AM","start":"2026-12-06T22:00:00Z","end":"2026-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a9b5c9ef5677f8bc6198","slot_type":"PM","start":"2026-12-07T03:00:00Z","end":"2026-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ca2b4042c2d862bed47","slot_type":"AM","start":"2026-12-07T22:00:00Z","end":"2026-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"01280737dfbe628fb73d","slot_type":"PM","start":"2026-12-08T03:00:00Z","end":"2026-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"ff86aac804eede311b38","slot_type":"AM","start":"2026-12-08T22:00:00Z","end":"2026-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"1fee9527f7ddb473f38f","slot_type":"PM","start":"2026-12-09T03:00:00Z","end":"2026-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
INSERT INTO "offers" VALUES(7,'[{"id":"4e13097084833fdc6704","slot_type":"PM","start":"2026-11-26T03:00:00Z","end":"2026-11-26T07:00:00Z","timezone_offset":"+10:00"},{"id":"b3742521a289371ef2a3","slot_type":"AM","start":"2026-11-26T22:00:00Z","end":"2026-11-27T02:00:00Z","timezone_offset":"+10:00"},{"id":"86da2c2ea42a1babca66","slot_type":"PM","start":"2026-11-27T03:00:00Z","end":"2026-11-27T07:00:00Z","timezone_offset":"+10:00"},{"id":"569608eb5b711fb4281e","slot_type":"AM","start":"2026-11-29T22:00:00Z","end":"2026-11-30T02:00:00Z","timezone_offset":"+10:00"},{"id":"f5d5a71b37d6636c4023","slot_type":"PM","start":"2026-11-30T03:00:00Z","end":"2026-11-30T07:00:00Z","timezone_offset":"+10:00"},{"id":"89edb370fc3ed05ecd4d","slot_type":"AM","start":"2026-11-30T22:00:00Z","end":"2026-12-01T02:00:00Z","timezone_offset":"+10:00"},{"id":"b4ee813918d736b7640a","slot_type":"PM","start":"2026-12-01T03:00:00Z","end":"2026-12-01T07:00:00Z","timezone_offset":"+10:00"},{"id":"c556b7ce73063648bded","slot_type":"AM","start":"2026-12-01T22:00:00Z","end":"2026-12-02T02:00:00Z","timezone_offset":"+10:00"},{"id":"1b013f48f11f044daf1d","slot_type":"PM","start":"2026-12-02T03:00:00Z","end":"2026-12-02T07:00:00Z","timezone_offset":"+10:00"},{"id":"0f945af6dfa56e95973b","slot_type":"AM","start":"2026-12-02T22:00:00Z","end":"2026-12-03T02:00:00Z","timezone_offset":"+10:00"},{"id":"0eca622b67a3bd19fdc2","slot_type":"PM","start":"2026-12-03T03:00:00Z","end":"2026-12-03T07:00:00Z","timezone_offset":"+10:00"},{"id":"f5af5b37f696a3d442f6","slot_type":"AM","start":"2026-12-03T22:00:00Z","end":"2026-12-04T02:00:00Z","timezone_offset":"+10:00"},{"id":"d10bbf7698f26fed19ba","slot_type":"PM","start":"2026-12-04T03:00:00Z","end":"2026-12-04T07:00:00Z","timezone_offset":"+10:00"},{"id":"0fce81260dfc19d48a30","slot_type":"AM","start":"2026-12-06T22:00:00Z","end":"2026-12-07T02:00:00Z","timezone_offset":"+10:00"},{"id":"a9b5c9ef5677f8bc6198","slot_type":"PM","start":"2026-12-07T03:00:00Z","end":"2026-12-07T07:00:00Z","timezone_offset":"+10:00"},{"id":"4ca2b4042c2d862bed47","slot_type":"AM","start":"2026-12-07T22:00:00Z","end":"2026-12-08T02:00:00Z","timezone_offset":"+10:00"},{"id":"01280737dfbe628fb73d","slot_type":"PM","start":"2026-12-08T03:00:00Z","end":"2026-12-08T07:00:00Z","timezone_offset":"+10:00"},{"id":"ff86aac804eede311b38","slot_type":"AM","start":"2026-12-08T22:00:00Z","end":"2026-12-09T02:00:00Z","timezone_offset":"+10:00"},{"id":"1fee9527f7ddb473f38f","slot_type":"PM","start":"2026-12-09T03:00:00Z","end":"2026-12-09T07:00:00Z","timezone_offset":"+10:00"}]');
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
    contact_notes TEXT, occupancy INTEGER DEFAULT '0' NOT NULL, 
    CONSTRAINT pk_orders PRIMARY KEY (id)
);
INSERT INTO "orders" VALUES(1,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,1);
INSERT INTO "orders" VALUES(2,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,1);
INSERT INTO "orders" VALUES(3,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0);
INSERT INTO "orders" VALUES(4,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0);
INSERT INTO "orders" VALUES(5,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,1);
INSERT INTO "orders" VALUES(6,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0);
INSERT INTO "orders" VALUES(7,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0);
INSERT INTO "orders" VALUES(8,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0);
INSERT INTO "orders" VALUES(9,'11001','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard',NULL,NULL,'Zoë O''Brien; "-- \ %s {x} 😀',NULL,'0739076000','two
lines	and a tab',1);
INSERT INTO "orders" VALUES(11,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0);
INSERT INTO "orders" VALUES(12,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0);
INSERT INTO "orders" VALUES(13,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0);
INSERT INTO "orders" VALUES(14,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0);
INSERT INTO "orders" VALUES(15,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0);
INSERT INTO "orders" VALUES(16,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0);
INSERT INTO "orders" VALUES(17,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0);
INSERT INTO "orders" VALUES(18,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0);
INSERT INTO "orders" VALUES(19,'11002','Australia/Brisbane','QLD','4000','Standard Install',0,'Standard','CUST-REF-007',300,'Alice','Primary Contact','0739076000',NULL,0);
CREATE TABLE "reservations" (
            key TEXT NOT NULL,
            area TEXT NOT NULL,
            day DATE NOT NULL,
            slot_type TEXT NOT NULL,
            state TEXT NOT NULL,
            CONSTRAINT pk_reservations PRIMARY KEY (key),
            CONSTRAINT ck_reservations_known_state CHECK (state IN ('reserved', 'refused', 'cancelled'))
        );
INSERT INTO "reservations" VALUES('5a3cbdfa-1','4000','2026-11-26','AM','reserved');
INSERT INTO "reservations" VALUES('5a3cbdfa-2','4000','2026-11-26','AM','reserved');
INSERT INTO "reservations" VALUES('5a3cbdfa-3','4000','2026-11-26','AM','refused');
INSERT INTO "reservations" VALUES('5a3cbdfa-4','4000','2026-11-26','PM','reserved');
CREATE INDEX ix_events_request_id ON events (request_id);
CREATE INDEX ix_appointment_requests_order_id ON appointment_requests (order_id);
CREATE INDEX ix_bookings_request_id ON bookings (request_id);
CREATE INDEX ix_idempotency_keys_created_on ON idempotency_keys (created_on);
CREATE TRIGGER events_append_only_update BEFORE UPDATE ON events
            BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_append_only_delete BEFORE DELETE ON events
            BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_append_only_insert BEFORE INSERT ON events
        WHEN EXISTS (SELECT 1 FROM events WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE INDEX ix_appointments_order_id ON appointments (order_id);
CREATE INDEX ix_jobs_kind_due_at ON jobs (kind, due_at);
CREATE INDEX ix_jobs_release_offer ON jobs (request_id) WHERE kind = 'release-offer';
CREATE INDEX ix_reservations_area_day_slot_type ON reservations (area, day, slot_type);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('appointments',3);
INSERT INTO "sqlite_sequence" VALUES('jobs',14);
INSERT INTO "sqlite_sequence" VALUES('appointment_requests',9);
INSERT INTO "sqlite_sequence" VALUES('events',27);
INSERT INTO "sqlite_sequence" VALUES('bookings',5);
COMMIT;
