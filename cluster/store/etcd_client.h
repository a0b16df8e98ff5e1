// Calls to a cluster of etcd: tries its members in turn until one answers.
//
// A call that may be repeated is, until kStoreCallLimit is over: that bridges the one to three
// seconds without a leader after one died. One that may not be is repeated only while nothing of it
// can have reached a member; else its outcome is unknown. From any thread; some tens of calls are
// under way at a time, each with a connection, and others wait for one.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cluster/store/etcd_exchange.h"

namespace ikada {

struct EtcdOptions {
  std::vector<std::string> endpoints;  // "https://HOST:PORT" of each member, at least one.
  EtcdTls tls;
};

class EtcdClient {
 public:
  explicit EtcdClient(EtcdOptions options) : options_(std::move(options)) {}

  enum class Repeat { kAllowed, kForbidden };

  // The body of the answer. Errors as in store.h, or what etcd says.
  Result<std::string> call(const EtcdRequest& request, Repeat repeat);

  // Of one member, without trying others.
  Result<std::string> call_member(size_t member,
                                  const EtcdRequest& request,
                                  std::chrono::milliseconds timeout);

  size_t member_count() const { return options_.endpoints.size(); }
  const std::string& endpoint(size_t member) const { return options_.endpoints[member]; }
  const EtcdTls& tls() const { return options_.tls; }

  // The member that answered last; and another one, after it did not.
  size_t preferred() const { return preferred_; }
  void avoid(size_t member);

 private:
  struct Attempt;

  // Waits for one that is free, until `deadline`.
  Result<std::unique_ptr<EtcdExchange>> take(std::chrono::steady_clock::time_point deadline);
  void give_back(std::unique_ptr<EtcdExchange> exchange);
  Attempt try_member(size_t member,
                     const EtcdRequest& request,
                     std::chrono::milliseconds timeout,
                     Repeat repeat);

  const EtcdOptions options_;
  std::atomic<size_t> preferred_ = 0;
  std::mutex mutex_;
  std::condition_variable freed_;
  size_t in_use_ = 0;
  std::vector<std::unique_ptr<EtcdExchange>> idle_;  // With their connections.
};

}  // namespace ikada
