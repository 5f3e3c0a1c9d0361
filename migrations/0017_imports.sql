-- Imports: files of facts, their lines until they are recorded or the file is old, and how far each has come.
create table fact_import (
  tenant_id uuid not null references tenant,
  id uuid not null,
  name text not null check (length(name) between 1 and 200),
  state text not null check (state in ('UPLOADING', 'UPLOADED', 'RUNNING', 'CANCELED', 'DONE')),
  delimiter text not null,
  header json not null, -- the cells of the first line
  settings json, -- kept from the first start on
  byte_count bigint not null default 0,
  line_count integer not null default 0, -- without the first line
  next_line integer not null default 1,
  recorded integer not null default 0,
  repeated integer not null default 0,
  refused integer not null default 0,
  created_by uuid,
  created_at timestamptz(3) not null,
  started_at timestamptz(3),
  finished_at timestamptz(3),
  primary key (tenant_id, id)
) with (fillfactor = 70);
call laurel_secure('fact_import');

create table fact_import_line (
  tenant_id uuid not null,
  import_id uuid not null,
  line integer not null,
  cells json not null,
  refusal json, -- [code, field, message] of a line that was refused
  primary key (tenant_id, import_id, line),
  foreign key (tenant_id, import_id) references fact_import on delete cascade
);
create index fact_import_line_refused on fact_import_line (tenant_id, import_id, line) where refusal is not null;
call laurel_secure('fact_import_line');

grant select, insert, update, delete on fact_import, fact_import_line to laurel_app;
