-- Whose tokens are believed. What finds the tenant of a token, its issuer and audience, stands in the directory.

create table issuer (
  tenant_id uuid not null references tenant,
  id uuid not null,
  url text not null check (length(url) between 8 and 500), -- as tokens say it in iss
  audience text not null check (length(audience) between 1 and 200),
  jwks_url text not null check (length(jwks_url) between 8 and 2048),
  subject_claim text not null check (length(subject_claim) between 1 and 200),
  subject_kind text not null check (subject_kind in ('USER_ID', 'EMAIL')),
  role_claim text check (length(role_claim) between 1 and 200), -- null: the person's own role
  role_values text[] not null, -- beside role_names: which value of the claim grants which role; the first that a token has counts
  role_names text[] not null,
  proved_claim text not null check (length(proved_claim) between 1 and 200),
  active boolean not null,
  revision integer not null, -- raised by each change: tokens are read again
  created_at timestamptz(3) not null,
  primary key (tenant_id, id),
  unique (tenant_id, url, audience),
  check (cardinality(role_values) = cardinality(role_names) and cardinality(role_values) <= 50)
);
call laurel_secure('issuer');

grant select, insert, update, delete on issuer to laurel_app;
