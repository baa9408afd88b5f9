-- The first superuser, called `name`, becomes `postgres`; the owner of what it owned gets its name, password, memberships and settings.
SELECT coalesce(rolpassword, '') AS password, rolconnlimit AS connections, 'VALID UNTIL ' || quote_literal(rolvaliduntil) AS until
FROM pg_authid WHERE oid = 10 \gset
\if :{?until}
\else
    \set until ''
\endif
ALTER ROLE :"name" RENAME TO postgres;
ALTER ROLE postgres PASSWORD NULL CONNECTION LIMIT -1;
ALTER ROLE platform_application RENAME TO :"name";
SELECT format('ALTER ROLE %I LOGIN CONNECTION LIMIT %s %s PASSWORD %L', :'name', :connections, :'until', nullif(:'password', '')) \gexec

SELECT format('GRANT %I TO %I %s', :'name', rolname, CASE WHEN admin_option THEN 'WITH ADMIN OPTION' END)
FROM pg_auth_members JOIN pg_roles ON pg_roles.oid = member WHERE roleid = 10 \gexec
SELECT format('REVOKE postgres FROM %I', rolname)
FROM pg_auth_members JOIN pg_roles ON pg_roles.oid = member WHERE roleid = 10 \gexec
SELECT format('GRANT %I TO %I', rolname, :'name')
FROM pg_auth_members JOIN pg_roles ON pg_roles.oid = roleid WHERE member = 10 \gexec

SELECT format('ALTER ROLE %I %s SET %I TO %s', :'name', 'IN DATABASE ' || quote_ident(datname), key,
    -- Lists are kept as they are written.
    CASE WHEN key IN ('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries') THEN value ELSE quote_literal(value) END)
FROM pg_db_role_setting LEFT JOIN pg_database ON pg_database.oid = setdatabase,
    unnest(setconfig) AS setting,
    LATERAL (SELECT split_part(setting, '=', 1) AS key, substr(setting, strpos(setting, '=') + 1) AS value) AS parts
WHERE setrole = 10 \gexec
SELECT format('ALTER ROLE postgres %s RESET ALL', 'IN DATABASE ' || quote_ident(datname))
FROM pg_db_role_setting LEFT JOIN pg_database ON pg_database.oid = setdatabase WHERE setrole = 10 \gexec
