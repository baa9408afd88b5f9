-- The application's user and database, where the data are new, and the extensions that only a superuser creates.
DROP ROLE IF EXISTS platform_conversion;
\set password `printf %s "$POSTGRES_PASSWORD"`
SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', :'user', :'password')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolcanlogin AND oid <> 10) \gexec
SELECT format('CREATE DATABASE %I', :'database')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
SELECT format('ALTER DATABASE %I OWNER TO %I', datname, rolname)
FROM pg_database, pg_roles WHERE datname = :'database' AND datdba = 10 AND rolname = :'user' \gexec
\connect :"database"
SELECT format('CREATE EXTENSION IF NOT EXISTS %I', name)
FROM pg_available_extensions WHERE name = ANY (string_to_array(:'extensions', ',')) AND installed_version IS NULL \gexec
