// Which host gives a blob to which other, so that a manager gives it about once: what a manager
// answers hosts that are about to pull one.
//
// Who asks is sent to a host that has the blob and gives it to few others just now, or to the
// manager if it is on its way to nobody yet; else it waits and asks again. A promise is over soon
// after the last word of whom it was made to: those who wait for it would wait for a host that has
// died. Hosts say themselves what they have: a lie costs who believes it one download
// (image/blob_peers.h), and is not told to it again.
//
// Pure; one thread at a time.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace ikada {

class BlobSources {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  enum class Way {
    kPeer,     // From `address`.
    kManager,  // From who was asked.
    kWait,     // Ask again soon.
  };
  struct Answer {
    Way way = Way::kWait;
    std::string address = {};
  };

  // `host` is the address of who asks.
  Answer ask(const std::string& digest, const std::string& host, TimePoint now);

  // Bytes of it arrive there: what was promised holds on.
  void note_coming(const std::string& digest, const std::string& host, TimePoint now);
  // It has come, from wherever.
  void note_has(const std::string& digest, const std::string& host, TimePoint now);
  // What `from` gave was wrong, or did not come; "" is the manager. So the host does not have it.
  void note_failed(const std::string& digest,
                   const std::string& host,
                   const std::string& from,
                   TimePoint now);

 private:
  struct Promise {
    std::string host;  // Whom it was made to.
    std::string from;  // Empty: the manager itself.
    TimePoint until = {};
  };
  // So many at most: the oldest goes.
  class Names {
   public:
    void insert(const std::string& name);
    void erase(const std::string& name);
    bool contains(const std::string& name) const { return sorted_.count(name) > 0; }
    const std::set<std::string>& sorted() const { return sorted_; }

   private:
    std::set<std::string> sorted_;
    std::deque<std::string> oldest_first_;
  };
  struct Blob {
    Names holders;
    Names liars;  // "HOST FROM": the one was let down by the other.
    std::vector<Promise> promises;
    TimePoint used_at = {};
  };

  Blob& touch(const std::string& digest, TimePoint now);

  std::map<std::string, Blob> blobs_;
};

}  // namespace ikada
