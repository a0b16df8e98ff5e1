// A watch of etcd: one stream of HTTP/1.1 on a thread of its own, opened anew where it stopped.
//
// A member that says nothing for some seconds is asked whether it is alive; one that has no leader
// ends the stream. Either way the next member goes on from the last revision that was delivered.
// What is not pulled yet is bounded: behind that, the stream waits.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "cluster/store/etcd_client.h"

namespace ikada {

class EtcdWatch final : public Watch {
 public:
  // Revisions are etcd's own.
  EtcdWatch(EtcdClient& client, std::string prefix, Revision after);
  ~EtcdWatch() override;
  EtcdWatch(const EtcdWatch&) = delete;
  EtcdWatch& operator=(const EtcdWatch&) = delete;

  Result<KeyEvents> next(std::chrono::milliseconds timeout) override;
  void cancel() override;

 private:
  void keep_open();
  std::optional<std::string> stream_once(const std::string& member, EtcdExchange& exchange);
  bool take_bytes(std::string_view bytes);
  bool take_line(std::string_view line);
  bool take_events(KeyEvents events);
  bool is_place_kept();
  bool is_alive(const std::string& member);
  void fail(const Error& error);

  EtcdClient& client_;
  const std::string prefix_;
  EtcdInterrupt interrupt_;

  // The thread's.
  Revision streamed_;  // All up to here is in `pending_` or was delivered.
  std::string partial_line_;
  std::string end_reason_;
  std::chrono::steady_clock::time_point heard_at_;

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable room_;
  std::deque<KeyEvents> pending_;
  size_t pending_events_ = 0;
  Revision delivered_;
  std::optional<Error> lost_;          // Compacted: it never comes back.
  std::optional<Error> out_of_reach_;  // Until the stream is open again.
  bool is_cancelled_ = false;
  std::thread thread_;
};

}  // namespace ikada
