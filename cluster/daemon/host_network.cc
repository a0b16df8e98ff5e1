#include "cluster/daemon/host_network.h"

#include <errno.h>
#include <unistd.h>

#include <utility>

#include <boost/asio/io_context.hpp>
#include <spdlog/spdlog.h>

#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxNetworkBytes = size_t{16} << 20;

Result<NetworkView> load_network(const std::string& path) {
  IK_LET(text, read_file(path, kMaxNetworkBytes));
  IK_LET(json, parse_json(text, {.max_bytes = kMaxNetworkBytes}).context("{}", path));
  return parse_network_view(json).context("{}", path);
}

// Hosts whose address is none of IPv4 are left out: nothing can be sent to them.
Result<OverlayConfig> plan_overlay(const NetworkView& view, const std::string& address) {
  const Result<std::uint32_t> own = parse_ipv4(address);
  if (!own.has_value()) {
    return make_error(ErrorKind::kUnavailable,
                      "the network of tasks needs an IPv4 address of the host, which has {}",
                      address);
  }
  OverlayConfig config{
      .pool = {}, .subnet = {}, .address = *own, .vni = view.vni, .port = view.port, .peers = {}};
  IK_LET(pool, parse_ipv4_subnet(view.pool));
  IK_LET(subnet, parse_ipv4_subnet(view.subnet));
  config.pool = pool;
  config.subnet = subnet;
  for (const auto& [node, peer] : view.peers) {
    const Result<std::uint32_t> where = parse_ipv4(peer.address);
    const Result<Ipv4Subnet> theirs = parse_ipv4_subnet(peer.subnet);
    if (!where.has_value() || !theirs.has_value()) continue;
    config.peers.push_back({.address = *where, .subnet = *theirs});
  }
  return config;
}

}  // namespace

HostNetwork::HostNetwork(boost::asio::io_context& loop, HostNetworkOptions options)
    : options_(std::move(options)), overlay_(options_.state_dir), timer_(loop) {}

void HostNetwork::open(const std::string& address) {
  address_ = address;
  Result<NetworkView> view = load_network(options_.path);
  is_told_ = view.has_value();
  if (is_told_) view_ = std::move(*view);
  if (!is_told_ && view.error().kind != ErrorKind::kNotFound) {
    spdlog::warn("{}, ignoring", view.error().message);
  }
  apply();
  wait();
}

bool HostNetwork::is_kept() const { return ::access(options_.path.c_str(), F_OK) == 0; }

void HostNetwork::stop() { timer_.cancel(); }

void HostNetwork::remove() {
  timer_.cancel();
  const Result<void> removed = overlay_.remove();
  if (!removed.has_value()) spdlog::warn("network of tasks: {}", removed.error().message);
  if (::unlink(options_.path.c_str()) != 0 && errno != ENOENT) {
    spdlog::warn("{}", errno_error("remove {}", options_.path).message);
  }
  is_told_ = false;
  view_ = {};
  const std::lock_guard lock(mutex_);
  bridge_ = TaskBridgeSpec{};
}

void HostNetwork::mend() {
  if (!bridge_.has_value() || !bridge_->is_used() || has_task_tables().value_or(true)) return;
  apply();
  if (!bridge_.has_value()) return;
  spdlog::warn("network of tasks: its tables of nftables were taken away, made anew");
}

void HostNetwork::set(const NetworkView& view) {
  if (is_told_ && view == view_) return;
  view_ = view;
  is_told_ = true;
  apply();
  keep();
}

void HostNetwork::take(const News& news) {
  NetworkView view = view_;
  const Result<bool> is_ours = take_network_news(news, view);
  if (!is_ours.has_value()) return spdlog::warn("{}, ignoring", is_ours.error().message);
  // A change of what was never told whole is one of another time.
  if (*is_ours && (is_told_ || news.verb == "network")) set(view);
}

void HostNetwork::keep() const {
  const std::string directory = options_.path.substr(0, options_.path.rfind('/'));
  Result<void> kept = make_directories(directory, 0700);
  if (kept.has_value()) kept = write_file_atomically(options_.path, to_json(view_).dump(), 0600);
  if (!kept.has_value()) spdlog::warn("{}, ignoring", kept.error().message);
}

Result<TaskBridgeSpec> HostNetwork::make() {
  if (!is_told_) {
    return make_error(ErrorKind::kUnavailable, "no manager has told of the network of tasks yet");
  }
  if (view_.pool.empty()) return TaskBridgeSpec{};
  if (view_.subnet.empty()) {
    return make_error(
        ErrorKind::kUnavailable, "this host has no subnet of the network of tasks {}", view_.pool);
  }
  IK_LET(config, plan_overlay(view_, address_));
  IK_TRY(overlay_.apply(config));
  return TaskBridgeSpec{.subnet = view_.subnet, .mtu = overlay_.mtu()};
}

void HostNetwork::apply() {
  Result<TaskBridgeSpec> made = make();
  // Before open() there is no address yet, which is no trouble.
  const bool is_news = !made.has_value() && is_told_ && !address_.empty() &&
                       (bridge_.has_value() || bridge_.error().message != made.error().message);
  if (is_news) spdlog::error("network of tasks: {}", made.error().message);
  const bool is_new = made.has_value() && made->is_used() &&
                      (!bridge_.has_value() || bridge_->subnet != made->subnet);
  if (is_new) spdlog::info("network of tasks subnet={} mtu={}", made->subnet, made->mtu);
  {
    const std::lock_guard lock(mutex_);
    bridge_ = std::move(made);
  }
  if (is_new && on_bridge_) on_bridge_();
}

void HostNetwork::wait() {
  timer_.expires_after(options_.look_again);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    apply();
    wait();
  });
}

Result<TaskBridgeSpec> HostNetwork::task_bridge() const {
  const std::lock_guard lock(mutex_);
  return bridge_;
}

}  // namespace ikada
