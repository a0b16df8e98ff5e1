#include "tests/fuzz/targets.h"

#include <stdio.h>
#include <stdlib.h>

#include <array>

namespace ikada {

std::span<const FuzzTarget> fuzz_targets() {
  static constexpr std::array kTargets = {
      FuzzTarget{"archive_packing", fuzz_archive_packing},
      FuzzTarget{"auth_challenge", fuzz_auth_challenge},
      FuzzTarget{"cluster_query", fuzz_cluster_query},
      FuzzTarget{"credentials", fuzz_credentials},
      FuzzTarget{"decompressor", fuzz_decompressor},
      FuzzTarget{"digest", fuzz_digest},
      FuzzTarget{"dns_question", fuzz_dns_question},
      FuzzTarget{"dockerfile", fuzz_dockerfile},
      FuzzTarget{"gossip_member", fuzz_gossip_member},
      FuzzTarget{"gossip_sealed", fuzz_gossip_sealed},
      FuzzTarget{"gossip_statement", fuzz_gossip_statement},
      FuzzTarget{"ignore_patterns", fuzz_ignore_patterns},
      FuzzTarget{"image_config", fuzz_image_config},
      FuzzTarget{"json", fuzz_json},
      FuzzTarget{"layer", fuzz_layer},
      FuzzTarget{"layer_path", fuzz_layer_path},
      FuzzTarget{"manifest", fuzz_manifest},
      FuzzTarget{"oci_config", fuzz_oci_config},
      FuzzTarget{"reference", fuzz_reference},
      FuzzTarget{"registries", fuzz_registries},
      FuzzTarget{"registry_headers", fuzz_registry_headers},
      FuzzTarget{"registry_manifest", fuzz_registry_manifest},
      FuzzTarget{"registry_route", fuzz_registry_route},
      FuzzTarget{"request_signature", fuzz_request_signature},
      FuzzTarget{"run_mount", fuzz_run_mount},
      FuzzTarget{"store_index", fuzz_store_index},
      FuzzTarget{"tar", fuzz_tar},
      FuzzTarget{"unpack_report", fuzz_unpack_report},
      FuzzTarget{"url", fuzz_url},
  };
  return kTargets;
}

void promise(bool is_kept, const char* what) {
  if (is_kept) return;
  ::fprintf(stderr, "broken promise: %s\n", what);
  ::abort();
}

}  // namespace ikada
