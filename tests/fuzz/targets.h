// What is fuzzed: functions that take bytes of a stranger's, and stop the process when a promise
// is broken that a sanitizer cannot see.
//
// The same functions run in three ways: as libFuzzer programs (preset "fuzz", tests/fuzz/run), over
// the generated seeds and old findings in the unit lane (replay.cc), and by hand.
#pragma once

#include <span>
#include <string_view>

namespace ikada {

struct FuzzTarget {
  std::string_view name;  // Of its folder of seeds.
  void (*run)(std::string_view bytes);
};

std::span<const FuzzTarget> fuzz_targets();

// Stops the process with `what` if `is_kept` is false.
void promise(bool is_kept, const char* what);

void fuzz_archive_packing(std::string_view bytes);
void fuzz_auth_challenge(std::string_view bytes);
void fuzz_cluster_query(std::string_view bytes);
void fuzz_credentials(std::string_view bytes);
void fuzz_decompressor(std::string_view bytes);
void fuzz_digest(std::string_view bytes);
void fuzz_dns_question(std::string_view bytes);
void fuzz_dockerfile(std::string_view bytes);
void fuzz_gossip_member(std::string_view bytes);
void fuzz_gossip_sealed(std::string_view bytes);
void fuzz_gossip_statement(std::string_view bytes);
void fuzz_ignore_patterns(std::string_view bytes);
void fuzz_image_config(std::string_view bytes);
void fuzz_json(std::string_view bytes);
void fuzz_layer(std::string_view bytes);
void fuzz_layer_path(std::string_view bytes);
void fuzz_manifest(std::string_view bytes);
void fuzz_oci_config(std::string_view bytes);
void fuzz_reference(std::string_view bytes);
void fuzz_registries(std::string_view bytes);
void fuzz_registry_headers(std::string_view bytes);
void fuzz_registry_manifest(std::string_view bytes);
void fuzz_registry_route(std::string_view bytes);
void fuzz_request_signature(std::string_view bytes);
void fuzz_run_mount(std::string_view bytes);
void fuzz_store_index(std::string_view bytes);
void fuzz_tar(std::string_view bytes);
void fuzz_unpack_report(std::string_view bytes);
void fuzz_url(std::string_view bytes);

}  // namespace ikada
