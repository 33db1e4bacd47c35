-- SPDX-License-Identifier: Apache-2.0
-- Webhooks: what is sent to whom, how far it got, and the secret that a key had before.

-- Good for signatures beside the newest one until then.
ALTER TABLE api_keys
  ADD COLUMN previous_webhook_secret       bytea,       -- AES-256-GCM, bound to id
  ADD COLUMN previous_webhook_secret_until timestamptz,
  ADD CHECK ((previous_webhook_secret IS NULL) = (previous_webhook_secret_until IS NULL));

-- Written in the transaction of the change it tells of, and only if somebody is to hear of it.
CREATE TABLE webhook_events (
  id         uuid PRIMARY KEY,                          -- webhook-id, the same on every attempt
  account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  event      text NOT NULL CHECK (char_length(event) BETWEEN 1 AND 128),
  body       text NOT NULL,                             -- what is signed and sent
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX webhook_events_created ON webhook_events (created_at);

-- One event on its way to one key's URL. Whoever claims one moves due_at to the end of its lease, so
-- that what a crash leaves behind becomes due by itself.
CREATE TABLE webhook_deliveries (
  id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  event_id     uuid NOT NULL REFERENCES webhook_events (id) ON DELETE CASCADE,
  key_id       uuid NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
  destination  text NOT NULL,                           -- scheme and authority, for bounds
  status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'dead', 'gone')),
  attempts     integer NOT NULL DEFAULT 0,
  due_at       timestamptz DEFAULT clock_timestamp(),   -- null unless pending
  claim        bigint NOT NULL DEFAULT 0,               -- counts claims: only the last one's result counts
  claimed_by   uuid,                                    -- the replica that tries it now
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((status = 'pending') = (due_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (destination, due_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_of_key ON webhook_deliveries (key_id, created_at DESC, id);
CREATE INDEX webhook_deliveries_of_event ON webhook_deliveries (event_id);

-- What came of each claim, and what was sent: the body is the event's. One without a URL says why
-- nothing was attempted. The newest 50 claims of a delivery are kept.
CREATE TABLE webhook_attempts (
  delivery_id  uuid NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
  claim        bigint NOT NULL,
  attempted_at timestamptz NOT NULL,
  url          text,
  http_status  integer,                                 -- null without an answer
  millis       integer,
  failure      text,
  answer       text,                                    -- its first 2,000 characters
  headers      json,                                    -- of the request; null if none was sent
  PRIMARY KEY (delivery_id, claim)
);

-- What publishers called their events, so that one sent again is published once. Kept for a day.
CREATE TABLE webhook_publications (
  account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  name       text NOT NULL,
  content    bytea NOT NULL,                            -- SHA-256 of name and data
  event_id   uuid NOT NULL,                             -- perhaps of an event that nobody heard of
  deliveries integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (account_id, name)
);
CREATE INDEX webhook_publications_created ON webhook_publications (created_at);

-- What is said once only, however many replicas notice it.
CREATE TABLE webhook_notices (
  key_id   uuid NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
  event    text NOT NULL,
  occasion timestamptz NOT NULL,                        -- the expiry, the end of the window
  PRIMARY KEY (key_id, event, occasion)
);
CREATE INDEX webhook_notices_occasion ON webhook_notices (occasion);
