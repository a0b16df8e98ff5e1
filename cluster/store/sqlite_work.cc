#include "cluster/store/sqlite_work.h"

#include <algorithm>
#include <utility>

#include "cluster/store/store_error.h"
#include "runtime/sys/owner_lock.h"

namespace ikada {
namespace {

constexpr size_t kMostJobsAtOnce = 256;
constexpr std::chrono::seconds kLeaseRetry{1};

}  // namespace

Result<std::unique_ptr<SqliteStore::Work>> SqliteStore::Work::open(const std::string& path,
                                                                   Clock clock) {
  IK_LET(lock, lock_as_owner(path + ".lock").context("store {}", path));
  IK_LET(connection, open_store_file(path).context("store"));
  IK_TRY(connection.keep_files().context("store {}", path));
  IK_LET(writer, SqliteWriter::create(std::move(connection)).context("store {}", path));
  IK_LET(leases, writer.leases().context("store {}", path));
  std::unique_ptr<Work> work(new Work(path, std::move(clock), std::move(lock), std::move(writer)));
  for (const Lease& lease : leases) work->add_lease(lease);
  work->thread_ = std::thread([&each = *work] { each.write_until_stopped(); });
  return work;
}

SqliteStore::Work::Work(const std::string& path, Clock clock, UniqueFd lock, SqliteWriter writer)
    : clock_(std::move(clock)),
      lock_(std::move(lock)),
      readers_(path),
      writer_(std::move(writer)),
      revision_(writer_.revision()) {}

SqliteStore::Work::~Work() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  work_.notify_all();
  if (thread_.joinable()) thread_.join();
  // What was left in the log would have all pages checked at the next start.
  static_cast<void>(writer_.empty_log().has_value());
}

Result<void> SqliteStore::Work::run(Job job) {
  const auto waiting = std::make_shared<Waiting>();
  waiting->job = std::move(job);
  std::unique_lock lock(mutex_);
  if (broken_.has_value()) return store_unavailable(*broken_);
  waiting_.push_back(waiting);
  work_.notify_one();
  const bool is_done = waiting->done.wait_for(
      lock, kStoreCallLimit, [&] { return waiting->state == Waiting::State::kDone; });
  if (is_done) {
    if (waiting->failure.has_value()) return *waiting->failure;
    return {};
  }
  if (waiting->state == Waiting::State::kRunning) {
    return outcome_unknown("sqlite: the disk takes too long");
  }
  std::erase(waiting_, waiting);
  return store_unavailable("sqlite: the disk takes too long");
}

void SqliteStore::Work::add_lease(const Lease& lease) {
  leases_[lease.id] = {.ttl = lease.ttl, .deadline = clock_() + lease.ttl};
  work_.notify_one();
}

void SqliteStore::Work::forget_lease(LeaseId id) { leases_.erase(id); }

Result<void> SqliteStore::Work::keep_lease(LeaseId id) {
  const std::lock_guard lock(mutex_);
  if (broken_.has_value()) return store_unavailable(*broken_);
  const auto lease = leases_.find(id);
  const TimePoint now = clock_();
  if (lease == leases_.end() || lease->second.deadline <= now) return lease_gone(id);
  lease->second.deadline = now + lease->second.ttl;
  return {};
}

void SqliteStore::Work::wake() {
  const std::lock_guard lock(mutex_);
  work_.notify_one();
}

void SqliteStore::Work::wait_for_change(Revision after,
                                        const std::atomic<bool>& cancelled,
                                        std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return revision_ > after || cancelled; });
}

void SqliteStore::Work::wake_watches() {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

std::optional<SqliteStore::TimePoint> SqliteStore::Work::next_deadline() const {
  if (leases_.empty() || broken_.has_value()) return std::nullopt;
  return std::ranges::min_element(
             leases_, {}, [](const auto& lease) { return lease.second.deadline; })
      ->second.deadline;
}

void SqliteStore::Work::wait_for_work(std::unique_lock<std::mutex>& lock) {
  while (!is_stopping_ && waiting_.empty() && !is_sweeping_) {
    const std::optional<TimePoint> deadline = next_deadline();
    if (!deadline.has_value()) {
      work_.wait(lock);
      continue;
    }
    const TimePoint now = clock_();
    if (*deadline <= now) return;
    work_.wait_for(lock, *deadline - now);
  }
}

// A job that must be alone comes alone.
SqliteStore::Work::Waitings SqliteStore::Work::take_jobs() {
  Waitings jobs;
  while (!waiting_.empty() && jobs.size() < kMostJobsAtOnce) {
    const bool is_alone = waiting_.front()->job.is_alone;
    if (is_alone && !jobs.empty()) break;
    waiting_.front()->state = Waiting::State::kRunning;
    jobs.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    if (is_alone) break;
  }
  return jobs;
}

std::optional<Error> SqliteStore::Work::make_changes(const Waitings& jobs) {
  if (jobs.front()->job.is_alone) {
    const Result<void> done = jobs.front()->job.change(writer_);
    return done.has_value() ? std::nullopt : std::optional(done.error());
  }
  const Result<void> begun = writer_.begin();
  if (!begun.has_value()) return begun.error();
  for (const std::shared_ptr<Waiting>& each : jobs) {
    const Result<void> changed = each->job.change(writer_);
    if (changed.has_value()) continue;
    writer_.abandon();
    return changed.error();
  }
  return make_durable();
}

// A commit that finds the disk full is not there after a crash either: its last page, which makes
// it valid, was not written. After any other failure it may be.
std::optional<Error> SqliteStore::Work::make_durable() {
  const Result<void> committed = writer_.commit();
  if (committed.has_value()) return std::nullopt;
  writer_.abandon();
  if (is_store_full(committed.error())) return committed.error();
  const std::lock_guard lock(mutex_);
  broken_ = fmt::format("{}; the store must be opened anew", committed.error().message);
  return outcome_unknown(committed.error().message);
}

void SqliteStore::Work::run_jobs(std::unique_lock<std::mutex>& lock, const Waitings& jobs) {
  lock.unlock();
  const std::optional<Error> failure = make_changes(jobs);
  lock.lock();
  for (const std::shared_ptr<Waiting>& each : jobs) {
    if (!failure.has_value() && each->job.after) each->job.after();
    each->failure = failure;
    each->state = Waiting::State::kDone;
    each->done.notify_one();
  }
  if (writer_.revision() == revision_) return;
  revision_ = writer_.revision();
  changed_.notify_all();
}

// Taken off first, so that nobody renews what is about to end; put back if the disk refuses.
void SqliteStore::Work::end_due_leases(std::unique_lock<std::mutex>& lock) {
  if (broken_.has_value()) return;
  const TimePoint now = clock_();
  Waitings jobs;
  std::map<LeaseId, HeldLease> ending;
  for (auto lease = leases_.begin(); lease != leases_.end();) {
    const auto next = std::next(lease);
    if (lease->second.deadline <= now && jobs.size() < kMostJobsAtOnce) {
      jobs.push_back(std::make_shared<Waiting>());
      jobs.back()->job.change = [id = lease->first](SqliteWriter& writer) -> Result<void> {
        IK_LET(was_there, writer.end_lease(id));
        static_cast<void>(was_there);
        return {};
      };
      ending.insert(leases_.extract(lease));
    }
    lease = next;
  }
  if (jobs.empty()) return;
  run_jobs(lock, jobs);
  if (!jobs.front()->failure.has_value()) return;
  for (auto& [id, lease] : ending) {
    lease.deadline = clock_() + kLeaseRetry;
    leases_.emplace(id, lease);
  }
}

void SqliteStore::Work::sweep(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  const Result<bool> more = writer_.sweep();
  lock.lock();
  // After a failure the next compaction or the next start tries again.
  is_sweeping_ = more.has_value() && *more;
}

void SqliteStore::Work::write_until_stopped() {
  std::unique_lock lock(mutex_);
  while (true) {
    wait_for_work(lock);
    if (is_stopping_) break;
    end_due_leases(lock);
    if (const Waitings jobs = take_jobs(); !jobs.empty()) {
      run_jobs(lock, jobs);
      if (writer_.has_to_sweep()) is_sweeping_ = true;
    } else if (is_sweeping_) {
      sweep(lock);
    }
  }
  for (const std::shared_ptr<Waiting>& each : waiting_) {
    each->failure = store_unavailable("sqlite: the store is being closed");
    each->state = Waiting::State::kDone;
    each->done.notify_one();
  }
  waiting_.clear();
}

}  // namespace ikada
