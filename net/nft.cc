#include "net/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include <memory>
#include <nftables/libnftables.h>

#include "net/netlink.h"
#include "net/nft_plan.h"
#include "runtime/base/text.h"
#include "runtime/sys/shared_library.h"

namespace ikada {

namespace {

// Loading it costs a millisecond, with the libraries that it needs itself, and a container without
// published ports never comes here.
struct NftLibrary {
  decltype(&::nft_ctx_new) new_context = nullptr;
  decltype(&::nft_ctx_free) free_context = nullptr;
  decltype(&::nft_ctx_buffer_output) buffer_output = nullptr;
  decltype(&::nft_ctx_buffer_error) buffer_error = nullptr;
  decltype(&::nft_ctx_get_error_buffer) error_buffer = nullptr;
  decltype(&::nft_run_cmd_from_buffer) run = nullptr;
};

Result<NftLibrary> load() {
  IK_LET(library, SharedLibrary::open("libnftables.so.1"));
  NftLibrary nft;
  IK_TRY(library.find("nft_ctx_new", nft.new_context));
  IK_TRY(library.find("nft_ctx_free", nft.free_context));
  IK_TRY(library.find("nft_ctx_buffer_output", nft.buffer_output));
  IK_TRY(library.find("nft_ctx_buffer_error", nft.buffer_error));
  IK_TRY(library.find("nft_ctx_get_error_buffer", nft.error_buffer));
  IK_TRY(library.find("nft_run_cmd_from_buffer", nft.run));
  return nft;
}

Result<const NftLibrary*> nft_library() {
  static const Result<NftLibrary> loaded = load();
  if (!loaded.has_value()) return loaded.error();
  return &loaded.value();
}

// libnftables says what went wrong only in words.
Error error_from(std::string_view words) {
  const std::string_view line = trim(cut(words, '\n').before);
  const auto has = [&](std::string_view part) { return words.find(part) != words.npos; };
  ErrorKind kind = ErrorKind::kSystem;
  if (has(strerrordesc_np(EEXIST)) || has(strerrordesc_np(EBUSY))) kind = ErrorKind::kConflict;
  if (has(strerrordesc_np(ENOENT))) kind = ErrorKind::kNotFound;
  if (has(strerrordesc_np(EPERM))) kind = ErrorKind::kDenied;
  if (has(strerrordesc_np(EOPNOTSUPP)) || has(strerrordesc_np(EPROTONOSUPPORT))) {
    kind = ErrorKind::kUnavailable;
  }
  return make_error(kind, "nftables: {}", line.empty() ? "no reason given" : line);
}

}  // namespace

Result<void> run_nft(const std::string& commands) {
  IK_LET(nft, nft_library());
  const std::unique_ptr<nft_ctx, decltype(nft->free_context)> context(
      nft->new_context(NFT_CTX_DEFAULT), nft->free_context);
  if (!context) return make_error(ErrorKind::kUnavailable, "nftables: no context");
  nft->buffer_output(context.get());
  nft->buffer_error(context.get());
  if (nft->run(context.get(), commands.c_str()) == 0) return {};
  return error_from(nft->error_buffer(context.get()));
}

Result<bool> has_nft_table() { return has_nft_table(kNftTable, kNftLayoutChain); }

Result<bool> has_nft_table(const char* table, const char* chain, NftFamily family) {
  NetlinkBatch batch;
  batch.begin(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN);
  const std::uint8_t number = family == NftFamily::kIp ? NFPROTO_IPV4 : NFPROTO_BRIDGE;
  batch.put(nfgenmsg{.nfgen_family = number, .version = NFNETLINK_V0, .res_id = 0});
  batch.attribute(NFTA_CHAIN_TABLE, std::string_view(table));
  batch.attribute(NFTA_CHAIN_NAME, std::string_view(chain));
  IK_LET(socket, NetlinkSocket::open(NETLINK_NETFILTER));
  IK_LET(replies, socket.exchange(batch));
  if (replies[0].error == ENOENT) return false;
  if (replies[0].error != 0) return netlink_error(replies[0], "nftables chain");
  if (replies[0].messages.empty()) return false;

  // A flushed table still has its chains: the layout chain's one rule tells.
  const std::span<const std::byte> answer(replies[0].messages[0]);
  if (answer.size() < sizeof(nfgenmsg)) return false;
  const auto use = find_attribute(answer.subspan(sizeof(nfgenmsg)), NFTA_CHAIN_USE);
  std::uint32_t rules = 0;
  if (use.size() == sizeof rules) memcpy(&rules, use.data(), sizeof rules);
  return rules != 0;
}

}  // namespace ikada
