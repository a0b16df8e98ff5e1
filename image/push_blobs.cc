#include "image/push_blobs.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "image/upload_record.h"

namespace ikada {
namespace {

// As many as other tools send at once; what limits is the registry or the network.
constexpr size_t kMaxPushWorkers = 6;
constexpr size_t kMaxMountAttempts = 3;
constexpr std::uint64_t kSentStep = std::uint64_t{256} << 10;
// Smaller ones are sent again sooner than a record is written.
constexpr std::uint64_t kRecordedBytes = std::uint64_t{1} << 20;

class BlobPushes {
 public:
  BlobPushes(const PushContext& context, const std::vector<BlobToPush>& blobs) : context_(context) {
    std::set<std::string> seen;
    // An image may have a layer more than once, e.g. an empty one.
    for (const BlobToPush& blob : blobs) {
      if (seen.insert(blob.blob.digest.text()).second) queue_.push_back(&blob);
    }
  }

  Result<void> run() {
    for (const BlobToPush* blob : queue_) report(*blob, PushProgress::Phase::kPreparing);
    if (queue_.empty()) return {};
    // The largest first, so that no thread is left alone with it at the end.
    std::ranges::stable_sort(queue_, [](const BlobToPush* a, const BlobToPush* b) {
      return a->blob.size_bytes > b->blob.size_bytes;
    });
    // The smallest alone before all, so that one token is asked for and not one for each thread.
    const BlobToPush& first = *queue_.back();
    queue_.pop_back();
    IK_TRY(push(first));
    std::vector<std::thread> threads;
    const size_t workers = std::min(kMaxPushWorkers, queue_.size());
    for (size_t i = 0; i < workers; ++i) threads.emplace_back([this] { work(); });
    for (std::thread& thread : threads) thread.join();
    if (error_.has_value()) return *error_;
    return {};
  }

 private:
  void report(const BlobToPush& blob,
              PushProgress::Phase phase,
              std::uint64_t done_bytes = 0,
              const std::string& source = {}) {
    if (!blob.is_shown) return;
    const std::lock_guard lock(progress_mutex_);
    context_.progress({.layer = blob.blob.digest.text(),
                       .phase = phase,
                       .done_bytes = done_bytes,
                       .total_bytes = blob.blob.size_bytes,
                       .source = source});
  }

  void work() {
    while (!stopped_) {
      const size_t mine = next_++;
      if (mine >= queue_.size()) return;
      Result<void> result = push(*queue_[mine]);
      if (result.has_value()) continue;
      const std::lock_guard lock(mutex_);
      // What follows are consequences: cancelled uploads.
      if (!error_.has_value()) error_ = std::move(result.error());
      stopped_ = true;
      context_.registry.cancel();
    }
  }

  Result<void> push(const BlobToPush& blob) {
    const Digest& digest = blob.blob.digest;
    IK_LET(present, context_.registry.has_blob(digest));
    if (present) {
      report(blob, PushProgress::Phase::kExists);
      return {};
    }
    IK_LET(sources, sources_of(digest));
    std::optional<UploadPlace> place;
    for (const std::string& source : sources) {
      IK_LET(mount, context_.registry.mount_blob(digest, source));
      if (mount.done) {
        report(blob, PushProgress::Phase::kMounted, 0, source);
        return {};
      }
      if (mount.place.has_value()) place = std::move(mount.place);
    }
    IK_TRY(send(blob, std::move(place)).context("blob {}", digest.text()));
    report(blob, PushProgress::Phase::kPushed);
    return {};
  }

  Result<void> send(const BlobToPush& blob, std::optional<UploadPlace> place) {
    IK_LET(fd, blob.open());
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return errno_error("stat");
    if (static_cast<std::uint64_t>(status.st_size) != blob.blob.size_bytes) {
      return make_error(ErrorKind::kInvalid,
                        "it is damaged on this host; remove the image and pull it again");
    }
    std::optional<UploadRecord> record;
    if (blob.blob.size_bytes > kRecordedBytes) {
      IK_LET(opened, UploadRecord::open(context_.store_root, context_.target, blob.blob.digest));
      record.emplace(std::move(opened));
    }
    IK_TRY(context_.registry.upload_blob(
        {.blob = blob.blob,
         .bytes = watched_body(blob, body_of_file(fd.get(), 0, blob.blob.size_bytes)),
         .place = std::move(place),
         .resume_url = record.has_value() ? record->url() : "",
         .remember = [&](const std::string& url) {
           if (record.has_value()) record->keep(url);
         }}));
    if (record.has_value()) record->remove();
    return {};
  }

  // Reports how far the body was read.
  HttpBody watched_body(const BlobToPush& blob, HttpBody body) {
    auto reported = std::make_shared<std::uint64_t>(0);
    return {.size_bytes = body.size_bytes,
            .read = [this, &blob, reported, read = std::move(body.read)](
                        std::uint64_t offset, char* buffer, size_t size) -> Result<size_t> {
              IK_LET(got, read(offset, buffer, size));
              const std::uint64_t done = offset + got;
              if (done < *reported || done >= *reported + kSentStep) {
                *reported = done;
                report(blob, PushProgress::Phase::kPushing, done);
              }
              return got;
            }};
  }

  Result<std::vector<std::string>> sources_of(const Digest& blob) {
    const std::lock_guard lock(mutex_);
    if (!sources_.has_value()) {
      IK_LET(found, context_.find_sources());
      sources_ = std::move(found);
    }
    const auto found = sources_->find(blob.text());
    if (found == sources_->end()) return std::vector<std::string>();
    std::vector<std::string> some = found->second;
    some.resize(std::min(some.size(), kMaxMountAttempts));
    return some;
  }

  const PushContext& context_;
  std::vector<const BlobToPush*> queue_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::mutex progress_mutex_;
  std::optional<MountSources> sources_;
  std::optional<Error> error_;
};

}  // namespace

Result<void> push_blobs(const PushContext& context, const std::vector<BlobToPush>& blobs) {
  return BlobPushes(context, blobs).run();
}

}  // namespace ikada
