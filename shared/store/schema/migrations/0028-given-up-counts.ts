/** Counts notifications that were given up. Their rows go after 30 days, or when they are sent again. */
export const givenUpCounts = `
create function count_given_up() returns trigger language plpgsql as $$
begin
  perform count_metric('notifications_given_up', '', 0);
  return null;
end
$$;

create trigger outbox_given_up after update of dead_at on outbox for each row
  when (new.dead_at is not null and old.dead_at is null) execute function count_given_up();
`;
