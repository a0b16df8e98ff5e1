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
  // What etcd calls revision 0: the last one of the store whose content was moved into it, so that
  // revisions go on rising.
  Revision revision_base = 0;
};

class EtcdClient {
 public:
  explicit EtcdClient(EtcdOptions options)
      : tls_(std::move(options.tls)), endpoints_(std::move(options.endpoints)) {}

  enum class Repeat { kAllowed, kForbidden };

  // The body of the answer. Errors as in store.h, or what etcd says.
  Result<std::string> call(const EtcdRequest& request, Repeat repeat);

  // Of the member at that endpoint, without trying others.
  Result<std::string> call_member(const std::string& endpoint,
                                  const EtcdRequest& request,
                                  std::chrono::milliseconds timeout);

  // For calls from now on. At least one.
  void set_endpoints(std::vector<std::string> endpoints);
  // Calls fail from then on, those under way at their next attempt.
  void shut_down(std::chrono::steady_clock::time_point at) { shut_down_at_ = at; }

  std::vector<std::string> endpoints() const;
  const EtcdTls& tls() const { return tls_; }

  // The endpoint of the member that answered last; and another one, after it did not.
  std::string preferred() const;
  void avoid(const std::string& endpoint);

 private:
  struct Attempt;

  // Waits for one that is free, until `deadline`.
  Result<std::unique_ptr<EtcdExchange>> take(std::chrono::steady_clock::time_point deadline);
  void give_back(std::unique_ptr<EtcdExchange> exchange);
  Attempt try_member(const std::string& endpoint,
                     const EtcdRequest& request,
                     std::chrono::milliseconds timeout,
                     Repeat repeat);

  const EtcdTls tls_;
  std::atomic<std::chrono::steady_clock::time_point> shut_down_at_ =
      std::chrono::steady_clock::time_point::max();
  mutable std::mutex mutex_;
  std::vector<std::string> endpoints_;
  size_t preferred_ = 0;  // Its place among them.
  std::condition_variable freed_;
  size_t in_use_ = 0;
  std::vector<std::unique_ptr<EtcdExchange>> idle_;  // With their connections.
};

}  // namespace ikada
