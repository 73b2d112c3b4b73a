-- Version 1. A later version is a further file, which changes this one's tables.

-- Whose archive it is, and up to where the lists of sessions have been read (µs since 1970).
CREATE TABLE owner (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    uid INTEGER NOT NULL,
    listed INTEGER,
    compared INTEGER
) STRICT;

CREATE TABLE people (
    uid INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    face TEXT NOT NULL,
    sign TEXT NOT NULL,
    level INTEGER NOT NULL,
    fetched INTEGER NOT NULL -- s since 1970
) STRICT;

-- `coverage` says which messages have been read, as in `0-41@0 60-99@1760000000`.
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    session_type INTEGER NOT NULL,
    talker_id INTEGER NOT NULL,
    name TEXT NOT NULL DEFAULT '', -- of a group or a system account
    picture TEXT NOT NULL DEFAULT '',
    system_account INTEGER NOT NULL DEFAULT 0,
    is_follow INTEGER NOT NULL DEFAULT 0,
    is_muted INTEGER NOT NULL DEFAULT 0,
    is_intercepted INTEGER NOT NULL DEFAULT 0,
    top_ts INTEGER,
    session_ts INTEGER,
    max_seqno INTEGER,
    ack_seqno INTEGER,
    coverage TEXT NOT NULL DEFAULT '',
    UNIQUE (session_type, talker_id)
) STRICT;

-- `id` is 1024 times the timestamp, plus a number that makes it unique: ordered by it, messages are
-- ordered by time. `msg_key` is not unique. Of an unreadable message only `raw_messages` has all.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES sessions (id),
    msg_seqno INTEGER NOT NULL,
    msg_key INTEGER,
    sender_uid INTEGER,
    msg_type INTEGER,
    msg_status INTEGER,
    msg_source INTEGER,
    timestamp INTEGER NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (session_id, msg_seqno)
) STRICT;

CREATE INDEX messages_by_key ON messages (session_id, msg_key);

-- The messages as the service sent them. What a watch has told is rebuilt from its fields, until a
-- synchronisation reads how it was sent.
CREATE TABLE raw_messages (
    message_id INTEGER PRIMARY KEY REFERENCES messages (id),
    json TEXT NOT NULL,
    is_rebuilt INTEGER NOT NULL
) STRICT;

-- Which messages were recalled, and when.
CREATE TABLE recalls (
    session_id INTEGER NOT NULL REFERENCES sessions (id),
    msg_key INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    PRIMARY KEY (session_id, msg_key)
) STRICT, WITHOUT ROWID;

-- What messages were before the service sent them otherwise.
CREATE TABLE edits (
    message_id INTEGER NOT NULL REFERENCES messages (id),
    noticed INTEGER NOT NULL, -- s since 1970
    json TEXT NOT NULL
) STRICT;

CREATE TABLE emoticons (
    text TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    gif_url TEXT NOT NULL,
    size INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Images. `state` is `wanted`, `saved`, `recalled`, or why it is never fetched: `not_found`,
-- `too_large`, `foreign`. Earlier versions wrote `gone`, also after passing errors: it is tried
-- again. `file` is a path in the folder of images, of an image that is or was saved.
CREATE TABLE media (
    url TEXT PRIMARY KEY,
    state TEXT NOT NULL DEFAULT 'wanted',
    uses INTEGER NOT NULL DEFAULT 0, -- by how many messages and emoticons
    file TEXT,
    bytes INTEGER,
    tries INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX media_by_state ON media (state);

-- The texts, folded and split into words and single characters, by message id. `tags` has what
-- searches filter by: `s` and a session's id, `u` and a sender, `t` and a type, `b` and the first
-- letter of a word.
CREATE VIRTUAL TABLE words USING fts5 (
    tags,
    text,
    content = '',
    tokenize = "unicode61 remove_diacritics 0 categories 'L* N* Co So'"
);

-- What is taken out of the index is gone at once, and not when its parts are merged next.
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
