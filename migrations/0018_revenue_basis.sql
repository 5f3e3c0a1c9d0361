-- What a tenant takes its annual recurring revenue from (A-62).
create table revenue_basis (
  tenant_id uuid primary key references tenant,
  arr_basis text not null check (arr_basis in ('RECURRING', 'TRAILING_TWELVE_MONTHS')),
  changed_by uuid,
  changed_at timestamptz(3) not null
);
call laurel_secure('revenue_basis');
grant select, insert, update on revenue_basis to laurel_app;
