#include "net/nft_losses.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <doctest/doctest.h>

#include "net/netlink.h"

namespace ikada {
namespace {

void append_change(NetlinkBatch& batch, unsigned message, std::string_view table) {
  batch.begin(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message));
  batch.put(nfgenmsg{});
  batch.attribute(NFTA_TABLE_NAME, table);
}

bool tells_loss(unsigned message, std::string_view table) {
  NetlinkBatch batch;
  append_change(batch, message, table);
  return tells_nft_loss(batch.bytes());
}

}  // namespace

TEST_CASE("a table, chain or rule of ours that is taken away is a loss") {
  CHECK(tells_loss(NFT_MSG_DELTABLE, "ikada"));
  CHECK(tells_loss(NFT_MSG_DELCHAIN, "ikada_tasks"));
  CHECK(tells_loss(NFT_MSG_DELRULE, "ikada_balancers"));
  CHECK_FALSE(tells_loss(NFT_MSG_DELSETELEM, "ikada"));
  CHECK_FALSE(tells_loss(NFT_MSG_NEWTABLE, "ikada"));
  CHECK_FALSE(tells_loss(NFT_MSG_DELTABLE, "filter"));
}

TEST_CASE("a loss is found among other changes, and half a message is none") {
  NetlinkBatch batch;
  append_change(batch, NFT_MSG_NEWRULE, "filter");
  const size_t first = batch.bytes().size();
  append_change(batch, NFT_MSG_DELTABLE, "ikada");

  CHECK(tells_nft_loss(batch.bytes()));
  CHECK_FALSE(tells_nft_loss(std::span(batch.bytes()).first(batch.bytes().size() - 4)));
  CHECK_FALSE(tells_nft_loss(std::span(batch.bytes()).first(first + 3)));
  CHECK_FALSE(tells_nft_loss({}));
}

}  // namespace ikada
