#include "cluster/daemon/own_certificate.h"

#include <algorithm>
#include <random>
#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/node/authority_exchange.h"
#include "runtime/base/clock.h"

namespace ikada {
namespace {

constexpr std::int64_t kRetrySeconds = 30;
constexpr std::int64_t kHurriedRetrySeconds = 2;
constexpr std::int64_t kTries = 4;  // At least so many before it ends.

std::int64_t certificate_clock() { return unix_now() / 1'000'000'000; }

double draw_chance() {
  std::random_device source;
  return std::uniform_real_distribution<double>(0, 1)(source);
}

}  // namespace

std::int64_t plan_renewal(std::int64_t not_before_s, std::int64_t not_after_s, double chance) {
  constexpr double kEarliest = 0.5;
  constexpr double kLatest = 0.8;
  const auto life = static_cast<double>(not_after_s - not_before_s);
  return not_before_s +
         static_cast<std::int64_t>(life * (kEarliest + chance * (kLatest - kEarliest)));
}

Result<void> OwnCertificate::open() {
  IK_LET(facts, auth::read_certificate(ground_.membership.credentials.certificate));
  ends_at_s_ = facts.not_after_s;
  renewal_ = {.planned_at_s = facts.not_before_s,
              .due_at_s = plan_renewal(facts.not_before_s, facts.not_after_s, draw_chance())};
  if (is_of_another()) renewal_ = {};
  return {};
}

bool OwnCertificate::is_of_another() const {
  if (issuer_.empty()) return false;
  const Result<std::string> own = auth::authority_digest(ground_.membership.credentials.authority);
  return own.has_value() && *own != issuer_;
}

void OwnCertificate::look() {
  if (!told_.empty()) use_told();
  if (is_renewing_ || !renewal_.is_due(certificate_clock())) return;
  const Result<std::string> request =
      auth::create_certificate_request(ground_.membership.credentials.key);
  if (!request.has_value()) return;
  // If it fails.
  const std::int64_t now_s = certificate_clock();
  const std::int64_t retry_s =
      std::clamp((ends_at_s_ - now_s) / kTries, kHurriedRetrySeconds, kRetrySeconds);
  renewal_ = {.planned_at_s = now_s,
              .due_at_s = now_s + (is_of_another() ? kHurriedRetrySeconds : retry_s)};
  is_renewing_ = true;
  ground_.renew(*request, [this](const Result<std::string>& certificate) {
    is_renewing_ = false;
    if (certificate.has_value()) return take(*certificate);
    spdlog::warn("renew certificate: {}", certificate.error().message);
  });
}

void OwnCertificate::trust(std::vector<std::string> authorities, std::string issuer) {
  told_ = std::move(authorities);
  issuer_ = std::move(issuer);
  use_told();
  if (!is_of_another()) return;
  renewal_ = {};
  look();
}

void OwnCertificate::use_told() {
  NodeCredentials changed = ground_.membership.credentials;
  changed.others.clear();
  for (const std::string& each : told_) {
    if (each != changed.authority) changed.others.push_back(each);
  }
  if (changed.others != ground_.membership.credentials.others) keep(std::move(changed));
}

bool OwnCertificate::keep(NodeCredentials credentials) {
  Membership changed = ground_.membership;
  changed.credentials = std::move(credentials);
  const Result<void> stored = store_membership(ground_.path, changed);
  if (!stored.has_value()) spdlog::warn("certificates: {}", stored.error().message);
  if (!stored.has_value()) return false;
  ground_.membership = std::move(changed);
  ground_.on_changed();
  return true;
}

void OwnCertificate::take(const std::string& certificate) {
  const Result<auth::CertificateFacts> facts = auth::read_certificate(certificate);
  if (!facts.has_value()) return spdlog::warn("renew certificate: {}", facts.error().message);
  const NodeCredentials& own = ground_.membership.credentials;
  std::vector<std::string> trusted = told_;
  if (trusted.empty()) trusted = own.others;
  trusted.push_back(own.authority);
  Result<NodeCredentials> renewed = with_certificate(own, certificate, trusted);
  if (!renewed.has_value()) return spdlog::warn("renew certificate: {}", renewed.error().message);
  if (!keep(std::move(*renewed))) return;
  ends_at_s_ = facts->not_after_s;
  const std::int64_t now_s = certificate_clock();
  renewal_ = {.planned_at_s = std::min(now_s, facts->not_before_s),
              .due_at_s = plan_renewal(facts->not_before_s, facts->not_after_s, draw_chance())};
  if (is_of_another()) {
    renewal_ = {.planned_at_s = now_s, .due_at_s = now_s + kHurriedRetrySeconds};
  }
  spdlog::info("certificate renewed serial={}", facts->serial);
}

void OwnCertificate::describe(HeldKeys& held) const {
  const NodeCredentials& own = ground_.membership.credentials;
  std::vector<std::string> trusted = own.others;
  trusted.insert(trusted.begin(), own.authority);
  held.trusted = authority_digests(trusted);
  held.issuer = held.trusted.empty() ? "" : held.trusted.front();
}

}  // namespace ikada
