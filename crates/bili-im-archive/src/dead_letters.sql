-- Version 3: what webhooks could not deliver.

-- The newest of each hook, as they were queued.
CREATE TABLE dead_letters (
    hook TEXT NOT NULL,
    id INTEGER NOT NULL, -- the event's
    time INTEGER NOT NULL, -- s since 1970
    attempts INTEGER NOT NULL,
    why TEXT NOT NULL,
    talker TEXT,
    json TEXT NOT NULL,
    PRIMARY KEY (hook, id)
) STRICT, WITHOUT ROWID;
