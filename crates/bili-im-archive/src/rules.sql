-- Version 4: what rules have done, and what they wait for.

-- Of the last day. `answer` is the text that was sent.
CREATE TABLE rule_runs (
    rule TEXT NOT NULL,
    event INTEGER NOT NULL, -- its id
    person INTEGER NOT NULL,
    time INTEGER NOT NULL, -- s since 1970
    answer TEXT,
    PRIMARY KEY (rule, event)
) STRICT, WITHOUT ROWID;

CREATE INDEX rule_runs_by_person ON rule_runs (person, time);

-- Rules for messages that stay unread: the first such message of a conversation.
CREATE TABLE rule_waits (
    rule TEXT NOT NULL,
    talker TEXT NOT NULL,
    event INTEGER NOT NULL,
    due INTEGER NOT NULL, -- s since 1970
    PRIMARY KEY (rule, talker)
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
    talker TEXT NOT NULL,
    tag TEXT NOT NULL,
    time INTEGER NOT NULL, -- s since 1970
    PRIMARY KEY (talker, tag)
) STRICT, WITHOUT ROWID;
