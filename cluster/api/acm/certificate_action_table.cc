#include <algorithm>
#include <iterator>

#include "cluster/api/acm/certificate_actions.h"

namespace ikada::acm {
namespace {

constexpr ActionEntry kCertificateActions[] = {
    {"AddTagsToCertificate", add_tags_to_certificate},
    {"DeleteCertificate", delete_certificate},
    {"DescribeCertificate", describe_certificate},
    {"GetCertificate", get_certificate},
    {"ImportCertificate", import_certificate},
    {"ListCertificates", list_certificates},
    {"ListTagsForCertificate", list_tags_for_certificate},
    {"RemoveTagsFromCertificate", remove_tags_from_certificate},
    {"RenewCertificate", renew_certificate},
    {"RequestCertificate", request_certificate},
};

}  // namespace

const ActionEntry* find_action(std::string_view name) {
  const auto* const found = std::find_if(
      std::begin(kCertificateActions), std::end(kCertificateActions), [&](const ActionEntry& each) {
        return each.name == name;
      });
  return found == std::end(kCertificateActions) ? nullptr : found;
}

}  // namespace ikada::acm
