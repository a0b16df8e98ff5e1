// What the leading manager does for the store now and then: forgets history and gives space back
// (cluster/store/housekeeping.h), and keeps etcd's members what the cluster's managers are.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "cluster/daemon/shared_store.h"
#include "cluster/store/housekeeping.h"

namespace ikada {

class StoreChores {
 public:
  // Everything outlives it, and the pool's work. `leads` and `managers`, the addresses of those
  // that are on record or to be managers, are asked on the loop's thread.
  StoreChores(boost::asio::io_context& loop,
              boost::asio::thread_pool& pool,
              SharedStore& store,
              std::function<bool()> leads,
              std::function<std::vector<std::string>()> managers);

  void start();
  void stop();

  // The addresses of managers whose members of etcd had a vote when they were last looked at;
  // nobody while this manager does not lead.
  const std::set<std::string>& voters() const { return voters_; }

 private:
  void wait();
  void look();
  void run(std::function<void()> work);
  void keep_house();
  void look_after_members(const std::vector<std::string>& managers);

  boost::asio::io_context& loop_;
  boost::asio::thread_pool& pool_;
  SharedStore& store_;
  std::function<bool()> leads_;
  std::function<std::vector<std::string>()> managers_;
  boost::asio::steady_timer timer_;
  Housekeeping housekeeping_{HousekeepingOptions{}};
  std::chrono::steady_clock::time_point kept_house_at_;
  std::set<std::string> voters_;
  std::string told_;  // What was last complained of, by the work.
  bool is_busy_ = false;
  bool is_stopped_ = false;
};

}  // namespace ikada
