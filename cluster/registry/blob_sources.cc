#include "cluster/registry/blob_sources.h"

#include <algorithm>

namespace ikada {
namespace {

constexpr size_t kMostBlobs = 4096;
constexpr size_t kMostNames = 1024;
constexpr std::ptrdiff_t kMostOfAHolder = 3;  // At a time; more would share its wire.
// Hosts tell each second that bytes come.
constexpr std::chrono::seconds kPromise{4};

std::string pair_of(const std::string& host, const std::string& from) { return host + " " + from; }

}  // namespace

void BlobSources::Names::insert(const std::string& name) {
  if (!sorted_.insert(name).second) return;
  oldest_first_.push_back(name);
  if (oldest_first_.size() <= kMostNames) return;
  sorted_.erase(oldest_first_.front());
  oldest_first_.pop_front();
}

void BlobSources::Names::erase(const std::string& name) {
  if (sorted_.erase(name) > 0) std::erase(oldest_first_, name);
}

BlobSources::Blob& BlobSources::touch(const std::string& digest, TimePoint now) {
  if (blobs_.size() >= kMostBlobs && blobs_.find(digest) == blobs_.end()) {
    blobs_.erase(std::min_element(blobs_.begin(), blobs_.end(), [](const auto& a, const auto& b) {
      return a.second.used_at < b.second.used_at;
    }));
  }
  Blob& blob = blobs_[digest];
  blob.used_at = now;
  std::erase_if(blob.promises, [&](const Promise& each) { return each.until <= now; });
  return blob;
}

BlobSources::Answer BlobSources::ask(const std::string& digest,
                                     const std::string& host,
                                     TimePoint now) {
  Blob& blob = touch(digest, now);
  std::erase_if(blob.promises, [&](const Promise& each) { return each.host == host; });
  const auto busy = [&](const std::string& from) {
    return std::count_if(blob.promises.begin(), blob.promises.end(), [&](const Promise& each) {
      return each.from == from;
    });
  };
  const auto promise = [&](const std::string& from) {
    blob.promises.push_back({.host = host, .from = from, .until = now + kPromise});
  };
  const std::string* best = nullptr;
  for (const std::string& each : blob.holders.sorted()) {
    if (each == host || blob.liars.contains(pair_of(host, each))) continue;
    if (busy(each) >= kMostOfAHolder) continue;
    if (best == nullptr || busy(each) < busy(*best)) best = &each;
  }
  if (best != nullptr) {
    promise(*best);
    return {.way = Way::kPeer, .address = *best};
  }
  // Whom it is on its way to can give it soon: to who was let down by all that have it, too.
  if (!blob.promises.empty()) return {};
  promise("");
  return {.way = Way::kManager, .address = {}};
}

void BlobSources::note_coming(const std::string& digest, const std::string& host, TimePoint now) {
  for (Promise& each : touch(digest, now).promises) {
    if (each.host == host) each.until = now + kPromise;
  }
}

void BlobSources::note_has(const std::string& digest, const std::string& host, TimePoint now) {
  Blob& blob = touch(digest, now);
  std::erase_if(blob.promises, [&](const Promise& each) { return each.host == host; });
  blob.holders.insert(host);
}

void BlobSources::note_failed(const std::string& digest,
                              const std::string& host,
                              const std::string& from,
                              TimePoint now) {
  Blob& blob = touch(digest, now);
  std::erase_if(blob.promises, [&](const Promise& each) { return each.host == host; });
  blob.holders.erase(host);
  if (from.empty()) return;
  blob.liars.insert(pair_of(host, from));
  blob.holders.erase(from);
}

}  // namespace ikada
