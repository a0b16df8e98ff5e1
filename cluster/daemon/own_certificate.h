// This node's own certificate and whom it trusts: renewed in time, and when the cluster's authority
// is exchanged.
//
// On the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cluster/daemon/renewal_time.h"
#include "cluster/node/held_keys.h"
#include "cluster/node/membership.h"

namespace ikada {

class OwnCertificate {
 public:
  using Taken = std::function<void(const Result<std::string>& certificate)>;
  struct Ground {
    Membership& membership;
    std::string path;  // Of its file.
    std::function<void(const std::string& request, const Taken& taken)> renew;
    // The credentials are others from now on.
    std::function<void()> on_changed;
  };
  explicit OwnCertificate(Ground ground) : ground_(std::move(ground)) {}

  // Plans the renewal.
  Result<void> open();
  // Renews it if that is due. Again and again.
  void look();
  // These authorities count from now on; the certificate is to be of that one.
  void trust(std::vector<std::string> authorities, std::string issuer);
  void describe(HeldKeys& held) const;

 private:
  bool is_of_another() const;
  void take(const std::string& certificate);
  void use_told();
  bool keep(NodeCredentials credentials);

  Ground ground_;
  std::vector<std::string> told_;  // Empty: nothing so far.
  std::string issuer_;
  RenewalTime renewal_;
  std::int64_t ends_at_s_ = 0;
  bool is_renewing_ = false;
};

// When to renew a certificate: at random between half and four fifths of its life.
std::int64_t plan_renewal(std::int64_t not_before_s, std::int64_t not_after_s, double chance);

}  // namespace ikada
