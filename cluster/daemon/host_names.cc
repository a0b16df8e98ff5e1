#include "cluster/daemon/host_names.h"

#include <errno.h>
#include <unistd.h>

#include <utility>

#include <boost/asio/io_context.hpp>
#include <spdlog/spdlog.h>

#include "net/resolv_conf.h"
#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxNamesBytes = size_t{64} << 20;
constexpr size_t kMaxResolvConf = size_t{1} << 20;
constexpr std::chrono::milliseconds kListenAgain{2000};
constexpr std::chrono::milliseconds kKeepAfter{2000};
constexpr std::string_view kLoopbackServer = "127.88.0.53";
constexpr std::array<const char*, 3> kModes = {"bridge", "awsvpc", "host"};

}  // namespace

HostNames::HostNames(boost::asio::io_context& loop, HostNamesOptions options)
    : options_(std::move(options)),
      forwarder_(loop, {.find_resolvers = [this] { return resolvers(); }}),
      server_(loop, table_, forwarder_),
      timer_(loop),
      keep_timer_(loop) {}

HostNames::~HostNames() { stop(); }

void HostNames::open() {
  {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
  }
  const Result<std::string> text = read_file(options_.path, kMaxNamesBytes);
  if (text.has_value()) {
    const Result<Json> json = parse_json(*text, {.max_bytes = kMaxNamesBytes});
    Result<bool> taken = false;
    if (json.has_value()) taken = take_name_news({.verb = "names", .body = *json}, table_);
    if (!json.has_value()) taken = json.error();
    if (!taken.has_value()) spdlog::warn("{}: {}, ignoring", options_.path, taken.error().message);
  }
  listen();
  wait();
}

void HostNames::stop() {
  timer_.cancel();
  if (is_keeping_) keep();
  keep_timer_.cancel();
  forwarder_.stop();
  server_.stop();
}

void HostNames::remove() {
  {
    const std::lock_guard lock(mutex_);
    is_open_ = false;
  }
  timer_.cancel();
  keep_timer_.cancel();
  is_keeping_ = false;
  for (const std::uint32_t address : std::exchange(own_, {})) server_.close(address);
  table_.clear();
  told_.clear();
  if (::unlink(options_.path.c_str()) != 0 && errno != ENOENT) {
    spdlog::warn("{}", errno_error("remove {}", options_.path).message);
  }
}

void HostNames::note_change(const ScopeState& scope, std::string_view key) {
  NameChanges changes = take_name_changes(scope, key, told_);
  // What was kept may be of another time.
  if (key.empty()) table_.clear();
  if (key.empty()) {
    for (const auto& [id, entry] : told_) table_.set(id, entry);
  }
  for (auto& [id, entry] : changes) table_.set(id, std::move(entry));
}

void HostNames::take(const News& news) {
  const Result<bool> is_ours = take_name_news(news, table_);
  if (!is_ours.has_value()) return spdlog::warn("{}, ignoring", is_ours.error().message);
  if (*is_ours) keep_soon();
}

std::optional<HostNames::Place> HostNames::place_of(const std::string& network_mode) const {
  if (network_mode == "host") {
    const std::uint32_t address = parse_ipv4(kLoopbackServer).value_or(0);
    constexpr std::uint32_t kLoopback = 127U << 24U;
    return Place{.address = address, .clients = {.network = kLoopback, .prefix_length = 8}};
  }
  std::string text = network_mode == "bridge" ? options_.bridge_subnet : "";
  if (network_mode == "awsvpc") {
    const Result<TaskBridgeSpec> bridge = options_.find_task_bridge();
    // Without such a network these tasks are on the host's own bridge.
    if (!bridge.has_value()) return std::nullopt;
    text = bridge->is_used() ? bridge->subnet : options_.bridge_subnet;
  }
  const Result<Ipv4Subnet> subnet = parse_ipv4_subnet(text);
  if (!subnet.has_value()) return std::nullopt;
  return Place{.address = subnet->gateway(), .clients = *subnet};
}

std::string HostNames::server_of(const std::string& network_mode) const {
  const std::optional<Place> place = place_of(network_mode);
  const std::lock_guard lock(mutex_);
  if (!is_open_ || !place.has_value() || failed_.count(place->address) > 0) return "";
  return format_ipv4(place->address);
}

// Those of the host that are not this.
std::vector<std::string> HostNames::resolvers() const {
  const std::string text = read_file("/etc/resolv.conf", kMaxResolvConf).value_or("");
  std::vector<std::string> servers = parse_resolv_conf(text).servers;
  std::erase_if(servers, [this](const std::string& each) {
    const Result<std::uint32_t> address = parse_ipv4(each);
    return address.has_value() && own_.count(*address) > 0;
  });
  return servers;
}

void HostNames::listen() {
  if (!is_open_) return;
  for (const char* mode : kModes) {
    const std::optional<Place> place = place_of(mode);
    if (!place.has_value() || own_.count(place->address) > 0) continue;
    const Result<void> listening = server_.listen(place->address, place->clients);
    const std::lock_guard lock(mutex_);
    if (listening.has_value()) {
      own_.insert(place->address);
      failed_.erase(place->address);
      spdlog::info("names served address={}", format_ipv4(place->address));
    } else if (failed_.insert(place->address).second) {
      spdlog::warn("names for tasks in mode {}: {}, ignoring", mode, listening.error().message);
    }
  }
}

void HostNames::wait() {
  timer_.expires_after(kListenAgain);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    listen();
    wait();
  });
}

void HostNames::keep_soon() {
  if (std::exchange(is_keeping_, true)) return;
  keep_timer_.expires_after(kKeepAfter);
  keep_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && is_keeping_) keep();
  });
}

void HostNames::keep() {
  is_keeping_ = false;
  const std::string directory = options_.path.substr(0, options_.path.rfind('/'));
  Result<void> kept = make_directories(directory, 0700);
  const Json body = all_names_news(table_.entries()).body;
  if (kept.has_value()) kept = write_file_atomically(options_.path, body.dump(), 0600);
  if (!kept.has_value()) spdlog::warn("{}, ignoring", kept.error().message);
}

}  // namespace ikada
