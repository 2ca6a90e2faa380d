-- Everything a project holds, in one file. What people did is in `event`, which only grows;
-- how things stand now is read from it through the views below.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL            -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE annotator (
  name  TEXT PRIMARY KEY,
  lead  INTEGER NOT NULL DEFAULT 0,  -- may adjudicate and see agreement
  token TEXT                         -- sha256 of the sign-in link's secret; null: labels were imported
) STRICT, WITHOUT ROWID;

CREATE TABLE item (
  id      TEXT PRIMARY KEY,
  example TEXT NOT NULL,             -- JSON, as in a split
  part    TEXT NOT NULL CHECK (part IN ('pool', 'test')),
  want    INTEGER NOT NULL,          -- how many people are to label it
  place   INTEGER NOT NULL,          -- in the order of asking
  open    INTEGER NOT NULL DEFAULT 1 -- fewer than `want` have labelled it; kept by the triggers below
) STRICT, WITHOUT ROWID;
CREATE INDEX item_open ON item (place) WHERE open;

CREATE TABLE event (
  seq    INTEGER PRIMARY KEY AUTOINCREMENT,  -- the only order there is; clocks jump
  uid    TEXT NOT NULL UNIQUE,               -- made by whoever asks, so that asking twice counts once
  at     REAL NOT NULL,                      -- seconds since 1970, UTC
  who    TEXT REFERENCES annotator (name),   -- null: the store itself, when a taxonomy changes
  kind   TEXT NOT NULL
         CHECK (kind IN ('assignment', 'label', 'skip', 'undo', 'note', 'adjudication', 'migration')),
  item   TEXT REFERENCES item (id),
  target TEXT,                               -- of an undo: the uid of what is undone
  body   TEXT NOT NULL                       -- JSON
) STRICT;
CREATE INDEX event_item ON event (item, who, kind, seq);
CREATE INDEX event_target ON event (target) WHERE target IS NOT NULL;
CREATE INDEX event_who ON event (who, kind, seq);

CREATE TRIGGER event_keeps BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER event_stays BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

-- labels, skips and decisions that nobody took back
CREATE VIEW valid AS
  SELECT * FROM event AS e
  WHERE kind IN ('label', 'skip', 'adjudication')
    AND NOT EXISTS (SELECT 1 FROM event AS u WHERE u.target = e.uid);

-- what each annotator says of each item now: the last word counts
CREATE VIEW standing AS
  SELECT * FROM valid AS e
  WHERE kind IN ('label', 'skip')
    AND NOT EXISTS (SELECT 1 FROM valid AS l WHERE l.item = e.item AND l.who = e.who
                    AND l.kind IN ('label', 'skip') AND l.seq > e.seq);

-- who was handed which item and has not answered since
CREATE VIEW held AS
  SELECT * FROM event AS a
  WHERE kind = 'assignment'
    AND NOT EXISTS (SELECT 1 FROM event AS l WHERE l.item = a.item AND l.who = a.who AND l.seq > a.seq
                    AND l.kind IN ('assignment', 'label', 'skip'));

-- the decision where people disagreed: the last one counts
CREATE VIEW decided AS
  SELECT * FROM valid AS e
  WHERE kind = 'adjudication'
    AND NOT EXISTS (SELECT 1 FROM valid AS l WHERE l.item = e.item AND l.kind = 'adjudication'
                    AND l.seq > e.seq);

-- `item.open` could be read from the views too, but not in a millisecond once thousands of items are done
CREATE TRIGGER item_fills AFTER INSERT ON event WHEN NEW.kind IN ('label', 'skip', 'undo')
BEGIN
  UPDATE item SET open = (SELECT count(*) FROM standing AS s WHERE s.item = item.id AND s.kind = 'label') < want
  WHERE id = NEW.item;
END;
CREATE TRIGGER item_wants AFTER UPDATE OF want ON item
BEGIN
  UPDATE item SET open = (SELECT count(*) FROM standing AS s WHERE s.item = item.id AND s.kind = 'label') < want
  WHERE id = NEW.id;
END;
