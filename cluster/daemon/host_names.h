// The names of the cluster (cluster/node/name_table.h) on this host: what managers tell of them,
// and the servers of DNS that its tasks ask.
//
// Tasks in mode bridge ask the address of the host's bridge, those in mode awsvpc that of the
// network of tasks, those in mode host 127.88.0.53. What was told last is kept in
// STATE/agent/names.json, so that names go on without any manager after a restart.
//
// But for servers_of() all calls are on the loop's thread.
#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>

#include <boost/asio/steady_timer.hpp>

#include "cluster/daemon/dns_server.h"
#include "cluster/engine/container_spec.h"
#include "cluster/node/name_news.h"

namespace ikada {

struct HostNamesOptions {
  std::string path;           // STATE/agent/names.json
  std::string bridge_subnet;  // Of the host's own bridge.
  std::function<Result<TaskBridgeSpec>()> find_task_bridge;
};

class HostNames {
 public:
  HostNames(boost::asio::io_context& loop, HostNamesOptions options);
  ~HostNames();
  HostNames(const HostNames&) = delete;
  HostNames& operator=(const HostNames&) = delete;

  // The host is a member now. Takes up what was told last.
  void open();
  void stop();
  // The host is no member any more.
  void remove();

  // On a manager: the record of this key has changed in the state ("": any).
  void note_change(const ScopeState& scope, std::string_view key);
  // Where it listens may have become another.
  void listen();
  // What a manager tells. News of something else are left alone.
  void take(const News& news);

  // The address of the server for a container in that network mode; empty if there is none.
  std::string server_of(const std::string& network_mode) const;

 private:
  struct Place {
    std::uint32_t address = 0;
    Ipv4Subnet clients;
  };

  std::optional<Place> place_of(const std::string& network_mode) const;
  std::vector<std::string> resolvers() const;
  void wait();
  void keep_soon();
  void keep();

  HostNamesOptions options_;
  NameTable table_;
  NameEntries told_;  // On a manager, as note_change() needs it.
  DnsForwarder forwarder_;
  DnsServer server_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer keep_timer_;
  bool is_keeping_ = false;
  std::set<std::uint32_t> own_;  // Where it listens.
  mutable std::mutex mutex_;     // Of the next two.
  bool is_open_ = false;
  std::set<std::uint32_t> failed_;
};

}  // namespace ikada
