-- SPDX-License-Identifier: Apache-2.0
-- Who may hold keys, and the keys. Operators may read these tables and, with care, change them:
-- every change is noticed by the triggers of V2.

CREATE TABLE organizations (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE accounts (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email           text NOT NULL CHECK (email = lower(btrim(email)) AND email LIKE '%_@_%' AND length(email) <= 320),
  user_record_id  text NOT NULL UNIQUE CHECK (user_record_id ~ '^rec[0-9A-Za-z]{14}$'),
  organization_id uuid NOT NULL REFERENCES organizations (id),
  role            text NOT NULL DEFAULT 'owner' CHECK (role IN ('owner', 'member')),
  password_hash   text,
  issuer          text,           -- an outside issuer and its subject, for accounts linked to one
  subject         text,
  disabled_at     timestamptz,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT accounts_email_key UNIQUE (email),
  CONSTRAINT accounts_issuer_subject_key UNIQUE (issuer, subject),
  CHECK ((issuer IS NULL) = (subject IS NULL))
);
CREATE INDEX accounts_organization ON accounts (organization_id);

CREATE TABLE service_accounts (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES organizations (id),
  name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64),
  description     text CHECK (char_length(description) <= 1024),
  permissions     text[] NOT NULL DEFAULT '{}',
  created_by      uuid NOT NULL REFERENCES accounts (id),
  disabled_at     timestamptz,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT service_accounts_name_key UNIQUE (organization_id, name)
);

CREATE TABLE api_keys (
  id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  kind               text NOT NULL CHECK (kind IN ('mgp', 'mp', 'org')),
  name               text CHECK (char_length(name) BETWEEN 1 AND 64),
  description        text CHECK (char_length(description) <= 1024),
  organization_id    uuid NOT NULL REFERENCES organizations (id),
  user_id            uuid REFERENCES accounts (id),         -- null for a key of a service account
  service_account_id uuid REFERENCES service_accounts (id),
  created_by         uuid NOT NULL REFERENCES accounts (id),
  key_prefix         text NOT NULL,
  key_hash           bytea NOT NULL CHECK (octet_length(key_hash) = 32), -- HMAC-SHA-256(pepper, SHA-256(token))
  pepper             text NOT NULL,                          -- fingerprint of the pepper in key_hash
  scope              text CHECK (scope IN ('read', 'read-write')),
  expires_at         timestamptz,
  revoked_at         timestamptz,
  revoke_after       timestamptz,                            -- end of the grace period of a rotated key
  successor_id       uuid REFERENCES api_keys (id),
  webhook_url        text CHECK (char_length(webhook_url) <= 2048),
  webhook_secret     bytea,                                  -- AES-256-GCM, bound to id
  allowed_ips        text[],
  rate_limit         integer CHECK (rate_limit > 0),
  rate_limit_window  integer CHECK (rate_limit_window > 0),  -- seconds
  created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash),
  CHECK ((user_id IS NULL) <> (service_account_id IS NULL)),
  CHECK (service_account_id IS NULL OR kind = 'org'),
  CHECK ((kind = 'org') = (scope IS NOT NULL)),
  CHECK (expires_at IS NULL OR kind = 'org'),
  CHECK (kind = 'mp' OR name IS NOT NULL),
  CHECK ((rate_limit IS NULL) = (rate_limit_window IS NULL))
);
CREATE INDEX api_keys_owner ON api_keys (created_by, kind, created_at DESC, id);
CREATE INDEX api_keys_organization ON api_keys (organization_id, kind, created_at DESC, id);
CREATE INDEX api_keys_service_account ON api_keys (service_account_id) WHERE service_account_id IS NOT NULL;
CREATE INDEX api_keys_expiring ON api_keys (expires_at) WHERE revoked_at IS NULL AND expires_at IS NOT NULL;
CREATE INDEX api_keys_in_grace ON api_keys (revoke_after) WHERE revoked_at IS NULL AND revoke_after IS NOT NULL;

-- Written by every use, and therefore apart from api_keys: no change record, no notification.
-- Counts the requests of the latest hour too, so that a use costs one row.
CREATE TABLE key_usage (
  key_id               uuid PRIMARY KEY REFERENCES api_keys (id) ON DELETE CASCADE,
  last_used_at         timestamptz NOT NULL,
  last_used_ip         text,
  last_used_user_agent text,
  hour                 timestamptz,
  requests             bigint,
  CHECK ((hour IS NULL) = (requests IS NULL))
) WITH (fillfactor = 70);

CREATE TABLE key_usage_past_hours (
  key_id   uuid NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
  hour     timestamptz NOT NULL,
  requests bigint NOT NULL,
  PRIMARY KEY (key_id, hour)
);
CREATE INDEX key_usage_past_hours_hour ON key_usage_past_hours (hour);

CREATE VIEW key_usage_hours AS
  SELECT key_id, hour, requests FROM key_usage_past_hours
  UNION ALL
  SELECT key_id, hour, requests FROM key_usage WHERE hour IS NOT NULL;

-- Of two hours the later one stays in key_usage, whichever was written first.
CREATE FUNCTION keep_past_hour() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  past key_usage;
BEGIN
  IF OLD.hour < NEW.hour THEN
    past := OLD;
  ELSE
    past := NEW;
    NEW.hour := OLD.hour;
    NEW.requests := OLD.requests;
  END IF;
  INSERT INTO key_usage_past_hours AS known (key_id, hour, requests)
  VALUES (past.key_id, past.hour, past.requests)
      ON CONFLICT (key_id, hour) DO UPDATE SET requests = known.requests + excluded.requests;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_past_hour BEFORE UPDATE OF hour ON key_usage
  FOR EACH ROW WHEN (NEW.hour <> OLD.hour) EXECUTE FUNCTION keep_past_hour();

-- One family is one sign-in: its refresh tokens replace each other, its end ends its access tokens.
-- A refresh token names its family and its generation and is signed; only the newest is unspent.
CREATE TABLE session_families (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  account_id  uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  kind        text NOT NULL CHECK (kind IN ('token', 'cookie')),
  cookie_hash bytea UNIQUE CHECK (octet_length(cookie_hash) = 32),  -- SHA-256 of the cookie's value
  generation  integer NOT NULL DEFAULT 0,                           -- of the unspent refresh token
  rotated_at  timestamptz[] NOT NULL DEFAULT '{}',                  -- when the last ones were spent, newest first
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_ip  text,
  user_agent  text,
  expires_at  timestamptz NOT NULL,
  ended_at    timestamptz,
  CHECK ((kind = 'cookie') = (cookie_hash IS NOT NULL))
);
CREATE INDEX session_families_account ON session_families (account_id);
CREATE INDEX session_families_over ON session_families (least(ended_at, expires_at));

-- Failed sign-ins, counted for each (account, address), for each address and for each account.
CREATE TABLE sign_in_failures (
  subject      text PRIMARY KEY,
  failures     integer NOT NULL,
  window_start timestamptz NOT NULL
);
CREATE INDEX sign_in_failures_window ON sign_in_failures (window_start);

CREATE TABLE idempotency_keys (
  credential   text NOT NULL,
  key          text NOT NULL,
  body_hash    bytea NOT NULL,
  api_key_id   uuid REFERENCES api_keys (id) ON DELETE CASCADE, -- null while the first call runs
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (credential, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

-- Who did what, by which credential, from where. A trigger refuses to change or delete a row.
CREATE TABLE audit (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  occurred_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  organization_id uuid,
  actor           text NOT NULL,          -- account id, 'service-account:<id>', 'operator' (command line) or 'system'
  credential      text NOT NULL,          -- 'session', 'cookie', 'key:<id>', 'command-line', 'database'
  address         text,
  action          text NOT NULL,          -- such as api_key.created
  entity          text NOT NULL,          -- api_key, account, service_account, session
  entity_id       text NOT NULL,
  detail          jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_organization ON audit (organization_id, id DESC);

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit rows are never changed or deleted' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON audit
  FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_is_never_truncated BEFORE TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

-- Which master secrets this database's values were made with.
CREATE TABLE secret_fingerprints (
  purpose     text NOT NULL,              -- pepper, check, encryption, session
  fingerprint text NOT NULL,
  first_used  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (purpose, fingerprint)
);
