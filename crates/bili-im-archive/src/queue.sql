-- Version 2: what `bili-im serve` keeps, beside the conversations.

-- How far the account's events are queued: a cursor, and the positions since it was written.
-- `dropped_id` and `dropped_number` are those of the newest event that was dropped.
CREATE TABLE watch (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    cursor TEXT,
    dropped_id INTEGER NOT NULL DEFAULT 0,
    dropped_number INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO watch (id) VALUES (1);

CREATE TABLE positions (id INTEGER PRIMARY KEY, position TEXT NOT NULL) STRICT;

-- `number` counts the account's events without a gap; `id` is the event's name for consumers.
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id INTEGER NOT NULL UNIQUE,
    time INTEGER NOT NULL, -- s since 1970
    talker TEXT,
    json TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_time ON events (time);

-- The last event that each consumer has handled.
CREATE TABLE consumers (
    name TEXT PRIMARY KEY,
    event_id INTEGER NOT NULL,
    event_number INTEGER NOT NULL,
    seen INTEGER NOT NULL -- s since 1970
) STRICT, WITHOUT ROWID;

-- Sends, by the key that their client gave. `outcome` is null until it is known.
CREATE TABLE sends (
    key TEXT PRIMARY KEY,
    ticket TEXT NOT NULL,
    outcome TEXT,
    changed INTEGER NOT NULL -- s since 1970
) STRICT, WITHOUT ROWID;
