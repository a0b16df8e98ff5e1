#include "cluster/proxy/proxy.h"

#include <utility>

#include "cluster/proxy/proxy_work.h"

namespace ikada {

Proxy::Proxy(boost::asio::io_context& loop, ProxyOptions options, ProxyEvents events)
    : work_(std::make_shared<ProxyWork>(loop, std::move(options), std::move(events))) {}

Proxy::~Proxy() { work_->leave(); }

void Proxy::apply(BalancerPlan plan, std::int64_t revision) {
  work_->apply(std::move(plan), revision);
}

void Proxy::stop() { work_->stop(); }

const std::map<std::string, SectionCounts>& Proxy::counts() const { return work_->counts(); }

const std::map<std::string, ConnectionCounts>& Proxy::connections() const {
  return work_->connections();
}

}  // namespace ikada
