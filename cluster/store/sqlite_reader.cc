#include "cluster/store/sqlite_reader.h"

#include <utility>

#include "cluster/store/store_error.h"

namespace ikada {
namespace {

constexpr size_t kEventsAtOnce = 256;
constexpr size_t kEventBytesAtOnce = size_t{4} << 20;
constexpr size_t kMostIdle = 4;

}  // namespace

Result<std::unique_ptr<SqliteReader>> SqliteReader::open(const std::string& path) {
  IK_LET(connection, SqliteConnection::open(path));
  IK_TRY(connection.keep_files());
  IK_TRY(connection.execute("PRAGMA query_only=ON"));
  std::unique_ptr<SqliteReader> reader(new SqliteReader(std::move(connection)));
  const std::pair<SqliteStatement*, std::string_view> statements[] = {
      {&reader->begin_, "BEGIN"},
      {&reader->end_, "COMMIT"},
      {&reader->newest_, "SELECT coalesce(max(id), 0) FROM version"},
      {&reader->compacted_, "SELECT value FROM state WHERE name = 'compacted'"},
      {&reader->version_at_,
       "SELECT id, value, created, lease FROM version WHERE key = ?1 AND id < ?2 "
       "ORDER BY id DESC LIMIT 1"},
      {&reader->key_behind_, "SELECT key FROM version WHERE key > ?1 ORDER BY key LIMIT 1"},
      {&reader->key_from_, "SELECT key FROM version WHERE key >= ?1 ORDER BY key LIMIT 1"},
      {&reader->events_,
       "SELECT id, key, value, created, lease FROM version "
       "WHERE id >= ?1 AND substr(key, 1, ?2) = ?3 ORDER BY id"},
  };
  for (const auto& [statement, sql] : statements) {
    IK_LET(prepared, reader->connection_.prepare(sql));
    *statement = std::move(prepared);
  }
  return reader;
}

template <typename Read>
auto SqliteReader::at_one_moment(Read read) -> decltype(read()) {
  IK_TRY(begin_.start().run());
  auto result = read();
  // A statement that is not at its end would keep the moment.
  for (SqliteStatement* each :
       {&newest_, &compacted_, &version_at_, &key_behind_, &key_from_, &events_}) {
    each->start();
  }
  IK_TRY(end_.start().run());
  return result;
}

Result<StoredState> SqliteReader::state() {
  IK_LET(has_newest, newest_.start().step());
  IK_LET(has_compacted, compacted_.start().step());
  if (!has_newest || !has_compacted) return make_error(ErrorKind::kInternal, "sqlite: no state");
  const Revision compacted = compacted_.integer(0);
  return StoredState{.revision = std::max(revision_of(newest_.integer(0)), compacted),
                     .compacted = compacted};
}

Result<std::optional<KeyValue>> SqliteReader::version_at(std::string_view key, Revision revision) {
  version_at_.start().bind(1, key).bind(2, id_behind(revision));
  IK_LET(found, version_at_.step());
  if (!found || is_removal(version_at_.integer(0))) return std::optional<KeyValue>();
  return std::optional<KeyValue>(KeyValue{.key = std::string(key),
                                          .value = version_at_.bytes(1),
                                          .created = version_at_.integer(2),
                                          .modified = revision_of(version_at_.integer(0)),
                                          .lease = version_at_.integer(3)});
}

Result<KeyRead> SqliteReader::get(const std::string& key) {
  return at_one_moment([&] { return get_now(key); });
}

Result<KeyRead> SqliteReader::get_now(const std::string& key) {
  IK_LET(now, state());
  IK_LET(entry, version_at(key, now.revision));
  return KeyRead{.entry = std::move(entry), .revision = now.revision};
}

Result<KeyPage> SqliteReader::list(const ListOptions& options) {
  return at_one_moment([&] { return list_now(options); });
}

// The first key with `prefix` behind `after`.
Result<std::optional<std::string>> SqliteReader::next_key(const std::string& after,
                                                          const std::string& prefix) {
  const bool is_inside = after >= prefix && !after.empty();
  SqliteStatement& statement = is_inside ? key_behind_ : key_from_;
  const std::string& from = is_inside ? after : prefix;
  IK_LET(found, statement.start().bind(1, from).step());
  if (!found) return std::optional<std::string>();
  std::string key = statement.bytes(0);
  if (!key.starts_with(prefix)) return std::optional<std::string>();
  return std::optional<std::string>(std::move(key));
}

// Two look-ups in the index for each key, however long its history is.
Result<KeyPage> SqliteReader::list_now(const ListOptions& options) {
  IK_LET(now, state());
  KeyPage page{.entries = {}, .revision = options.revision == 0 ? now.revision : options.revision};
  if (page.revision > now.revision) {
    return make_error(ErrorKind::kInvalid, "store: revision {} is not there yet", page.revision);
  }
  if (page.revision < now.compacted) return revision_compacted(page.revision, now.compacted);
  std::string after = options.after;
  while (true) {
    IK_LET(key, next_key(after, options.prefix));
    if (!key.has_value()) return page;
    IK_LET(entry, version_at(*key, page.revision));
    if (entry.has_value()) {
      if (page.entries.size() == options.limit) {
        page.more = true;
        return page;
      }
      page.entries.push_back(std::move(*entry));
    }
    after = std::move(*key);
  }
}

Result<KeyEvents> SqliteReader::events(const std::string& prefix, Revision after) {
  return at_one_moment([&] { return events_now(prefix, after); });
}

Result<KeyEvents> SqliteReader::events_now(const std::string& prefix, Revision after) {
  IK_LET(now, state());
  if (after < now.compacted) return revision_compacted(after, now.compacted);
  KeyEvents found{.events = {}, .revision = std::max(after, now.revision)};
  events_.start()
      .bind(1, id_behind(after))
      .bind(2, static_cast<std::int64_t>(prefix.size()))
      .bind(3, prefix);
  size_t bytes = 0;
  while (true) {
    IK_LET(more, events_.step());
    if (!more) return found;
    const std::int64_t id = events_.integer(0);
    const bool is_enough = found.events.size() >= kEventsAtOnce || bytes >= kEventBytesAtOnce;
    if (is_enough && found.events.back().entry.modified != revision_of(id)) {
      found.revision = found.events.back().entry.modified;
      return found;
    }
    KeyEvent event{.entry = {.key = events_.bytes(1), .value = {}, .modified = revision_of(id)}};
    if (is_removal(id)) {
      event.kind = KeyOperation::Kind::kRemove;
    } else {
      event.entry.value = events_.bytes(2);
      event.entry.created = events_.integer(3);
      event.entry.lease = events_.integer(4);
    }
    bytes += event.entry.value.size();
    found.events.push_back(std::move(event));
  }
}

Result<StoreStatus> SqliteReader::status() {
  return at_one_moment([&]() -> Result<StoreStatus> {
    IK_LET(now, state());
    IK_LET(page_bytes, connection_.integer("PRAGMA page_size"));
    IK_LET(pages, connection_.integer("PRAGMA page_count"));
    IK_LET(free_pages, connection_.integer("PRAGMA freelist_count"));
    return StoreStatus{.revision = now.revision,
                       .size_bytes = static_cast<std::uint64_t>(pages * page_bytes),
                       .used_bytes = static_cast<std::uint64_t>((pages - free_pages) * page_bytes)};
  });
}

Result<std::unique_ptr<SqliteReader>> SqliteReaders::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<SqliteReader> reader = std::move(idle_.back());
      idle_.pop_back();
      return reader;
    }
  }
  return SqliteReader::open(path_);
}

void SqliteReaders::give_back(std::unique_ptr<SqliteReader> reader) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kMostIdle) idle_.push_back(std::move(reader));
}

}  // namespace ikada
