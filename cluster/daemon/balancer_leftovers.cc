#include "cluster/daemon/balancer_leftovers.h"

#include <filesystem>

#include <spdlog/spdlog.h>

#include "cluster/daemon/balancer_addresses.h"
#include "cluster/daemon/certificate_files.h"
#include "cluster/proxy/haproxy_process.h"
#include "net/balanced_table.h"
#include "net/nft.h"

namespace ikada {

void remove_balancer_leftovers(boost::asio::io_context& loop, const EngineLayout& layout) {
  HaproxyProcess proxy(loop, "", HaproxyFiles(layout.run_root + "/proxy"), [] {});
  if (proxy.adopt(HaproxyProcess::Search::kAllProcesses)) {
    proxy.end_others();
    proxy.end();
    spdlog::info("HAProxy stopped: this host is no manager any more");
  }
  std::error_code ignored;
  std::filesystem::remove_all(layout.run_root + "/proxy", ignored);
  CertificateFiles(layout.run_root + "/certificates").remove();
  BalancerAddresses(loop, "", [] {}).hold({}, 0);
  if (!has_nft_table(kBalancerTable, kBalancerLayoutChain).value_or(true)) return;
  const Result<void> removed = run_nft(plan_remove_balanced_table());
  if (!removed.has_value()) spdlog::warn("network load balancers: {}", removed.error().message);
}

}  // namespace ikada
