-- SPDX-License-Identifier: Apache-2.0
-- The change feed: every change that decides about a credential, also one made by hand, leaves one
-- numbered record and a notification in its own transaction (rule 1 of src/docs/architecture.md).
-- Number order is commit order (rule 2).

CREATE SEQUENCE change_number AS bigint;

CREATE TABLE changes (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  number       bigint UNIQUE,             -- drawn when the transaction commits
  occurred_at  timestamptz NOT NULL DEFAULT clock_timestamp(), -- when it was numbered
  entity       text NOT NULL,             -- api_key, service_account, account, organization, session, all
  entity_id    uuid,
  operation    text NOT NULL,             -- insert, update, delete, truncate, flush
  old_key_hash bytea,
  new_key_hash bytea
);
CREATE INDEX changes_occurred ON changes (occurred_at);
CREATE INDEX changes_entity ON changes (entity_id, number DESC);

-- Notes one change. Beyond 1,000 in one transaction a single "flush everything" stands for the rest.
CREATE FUNCTION note_change(entity text, entity_id uuid, operation text, old_hash bytea, new_hash bytea)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  noted integer;
  mine  text := pg_current_xact_id()::text;
  state text := coalesce(current_setting('maglatch.noted', true), '');
BEGIN
  -- The counter names its transaction, since a setting outlives the transaction that was rolled back.
  IF split_part(state, ':', 1) = mine THEN
    noted := split_part(state, ':', 2)::integer + 1;
  ELSE
    noted := 1;
  END IF;
  PERFORM set_config('maglatch.noted', mine || ':' || noted, true);
  IF noted <= 1000 THEN
    INSERT INTO changes (entity, entity_id, operation, old_key_hash, new_key_hash)
    VALUES (entity, entity_id, operation, old_hash, new_hash);
  ELSIF noted = 1001 THEN
    INSERT INTO changes (entity, operation) VALUES ('all', 'flush');
  END IF;
END $$;

CREATE FUNCTION note_api_key_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM note_change('api_key', NEW.id, 'insert', NULL, NEW.key_hash);
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM note_change('api_key', OLD.id, 'delete', OLD.key_hash, NULL);
  ELSIF OLD IS DISTINCT FROM NEW THEN
    PERFORM note_change('api_key', NEW.id, 'update', OLD.key_hash, NEW.key_hash);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER api_keys_changed AFTER INSERT OR UPDATE OR DELETE ON api_keys
  FOR EACH ROW EXECUTE FUNCTION note_api_key_change();

-- For tables whose rows carry no key hash; the trigger's argument is the entity's name.
CREATE FUNCTION note_owner_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM note_change(TG_ARGV[0], OLD.id, 'delete', NULL, NULL);
  ELSIF OLD IS DISTINCT FROM NEW THEN
    PERFORM note_change(TG_ARGV[0], NEW.id, 'update', NULL, NULL);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER accounts_changed AFTER UPDATE OR DELETE ON accounts
  FOR EACH ROW EXECUTE FUNCTION note_owner_change('account');
CREATE TRIGGER organizations_changed AFTER UPDATE OR DELETE ON organizations
  FOR EACH ROW EXECUTE FUNCTION note_owner_change('organization');
CREATE TRIGGER service_accounts_changed AFTER UPDATE OR DELETE ON service_accounts
  FOR EACH ROW EXECUTE FUNCTION note_owner_change('service_account');

-- A session matters once it has ended; deleting one that was over long before is no news.
CREATE FUNCTION note_session_end() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF least(OLD.ended_at, OLD.expires_at) > clock_timestamp() - interval '2 hours' THEN
      PERFORM note_change('session', OLD.id, 'delete', NULL, NULL);
    END IF;
  ELSIF OLD.ended_at IS DISTINCT FROM NEW.ended_at THEN
    PERFORM note_change('session', NEW.id, 'update', NULL, NULL);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER session_families_changed AFTER UPDATE OR DELETE ON session_families
  FOR EACH ROW EXECUTE FUNCTION note_session_end();

CREATE FUNCTION note_truncate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM note_change('all', NULL, 'truncate', NULL, NULL);
  RETURN NULL;
END $$;
CREATE TRIGGER api_keys_truncated AFTER TRUNCATE ON api_keys EXECUTE FUNCTION note_truncate();
CREATE TRIGGER accounts_truncated AFTER TRUNCATE ON accounts EXECUTE FUNCTION note_truncate();
CREATE TRIGGER organizations_truncated AFTER TRUNCATE ON organizations EXECUTE FUNCTION note_truncate();
CREATE TRIGGER service_accounts_truncated AFTER TRUNCATE ON service_accounts EXECUTE FUNCTION note_truncate();
CREATE TRIGGER session_families_truncated AFTER TRUNCATE ON session_families EXECUTE FUNCTION note_truncate();

-- Runs at commit. The lock is held until the transaction has ended, so the next number is drawn only
-- after this one is visible; a transaction that idles before its commit holds nothing. A commit that
-- a crash could take back must not be seen: its number would be given to another change.
CREATE FUNCTION number_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7163442);
  IF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  UPDATE changes SET number = nextval('change_number'), occurred_at = clock_timestamp() WHERE id = NEW.id;
  PERFORM pg_notify('maglatch_changes', ''); -- equal notifications of one transaction are sent once
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER changes_numbered AFTER INSERT ON changes
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION number_change();

-- One row for each gateway that holds, or lately held, a lease.
CREATE TABLE replicas (
  id          uuid PRIMARY KEY,
  name        text NOT NULL,
  applied     bigint NOT NULL,             -- the newest change this replica has applied
  lease_until timestamptz NOT NULL,
  joined_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Names the server and its timeline: a number of one history says nothing about another.
CREATE FUNCTION feed_history() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT system_identifier || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
    FROM pg_control_system()
$$;

-- How far the feed has been pruned: whoever has applied less has missed something. And since when the
-- feed has the history it has: until one lease later, replicas may hold leases of an earlier history
-- (another server, another timeline) that this server knows nothing of.
CREATE TABLE change_feed (
  only_row       boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  pruned_through bigint NOT NULL DEFAULT 0,
  history        text NOT NULL,
  history_since  timestamptz NOT NULL
);
INSERT INTO change_feed (history, history_since) VALUES (feed_history(), '-infinity');

-- Extends a replica's lease, then returns what changed after my_applied: one row a change, at least
-- one row. The two steps must not share a snapshot, and in a VOLATILE function they do not: a change
-- that committed before the lease row was locked is always returned, and one that commits later finds
-- the extended lease. In one plain statement a renewal could extend the lease past a revocation that
-- had already looked at the leases, without returning it. A revoker sees no row that is being
-- inserted, so whoever gets a new row is told of a gap and drops everything.
CREATE FUNCTION renew_lease(me uuid, my_name text, my_feed text, my_applied bigint, lease interval,
                            max_changes integer)
RETURNS TABLE (feed text, is_primary boolean, newest bigint, gap boolean, database_time timestamptz,
               replica_count bigint, number bigint, entity text, entity_id uuid,
               old_key_hash bytea, new_key_hash bytea)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  current_history text;
  believed        bigint := -1;  -- my_applied, as far as it is a number of this history
BEGIN
  IF pg_is_in_recovery() THEN
    RETURN QUERY SELECT '', false, 0::bigint, true, clock_timestamp(), 0::bigint,
                        NULL::bigint, NULL::text, NULL::uuid, NULL::bytea, NULL::bytea;
    RETURN;
  END IF;

  current_history := feed_history();
  UPDATE change_feed
     SET history = current_history, history_since = clock_timestamp()
   WHERE history <> current_history;
  IF my_feed = current_history AND my_applied <=
     (SELECT greatest(f.pruned_through, (SELECT max(c.number) FROM changes c)) FROM change_feed f) THEN
    believed := my_applied;
  END IF;

  -- A crash may take back the extension of a lease that runs, but not forget who holds one.
  IF NOT EXISTS (SELECT 1 FROM replicas WHERE id = me AND lease_until > clock_timestamp()) THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  UPDATE replicas SET applied = believed, lease_until = clock_timestamp() + lease WHERE id = me;
  IF NOT FOUND THEN
    believed := -1;
    INSERT INTO replicas (id, name, applied, lease_until)
    VALUES (me, my_name, believed, clock_timestamp() + lease);
  END IF;

  RETURN QUERY -- one statement: pruning between two of them would hide what is missing
    WITH head AS (
      SELECT f.pruned_through, greatest(f.pruned_through, (SELECT max(c.number) FROM changes c)) AS newest
        FROM change_feed f),
    extent AS (
      SELECT head.newest,
             believed < head.pruned_through
             OR (SELECT count(*) FROM (SELECT 1 FROM changes c
                                        WHERE c.number > believed AND c.number <= head.newest
                                        LIMIT max_changes + 1) AS later) > max_changes AS missing
        FROM head)
    SELECT current_history, true, extent.newest, extent.missing, clock_timestamp(),
           (SELECT count(*) FROM replicas WHERE lease_until > clock_timestamp()),
           c.number, c.entity, c.entity_id, c.old_key_hash, c.new_key_hash
      FROM extent
      LEFT JOIN changes c ON NOT extent.missing AND c.number > believed AND c.number <= extent.newest
     ORDER BY c.number;
END $$;
