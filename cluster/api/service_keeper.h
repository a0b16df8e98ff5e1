// Keeps services as they are to be: takes their steps when something of them has changed, when time
// has come for it, and once for all of them at the start.
//
// One step at a time is on its way to the store. Nothing is kept here but what is to be looked at:
// a step that lost against another change is decided anew on what is there then.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "cluster/api/api_server.h"
#include "cluster/state/record_key.h"
#include "runtime/base/loop.h"

namespace ikada {

class ServiceKeeper {
 public:
  // Everything outlives the keeper, and it the loop's work after stop().
  ServiceKeeper(std::shared_ptr<Loop> loop, ApiServer& api, StateFeed& feed);
  ~ServiceKeeper();
  ServiceKeeper(const ServiceKeeper&) = delete;
  ServiceKeeper& operator=(const ServiceKeeper&) = delete;

  void start();
  void stop();

  // A record of this key has changed in the state; "": everything may have.
  void note_change(std::string_view key);
  // What is known of the balancers' targets has changed.
  void note_targets();

 private:
  struct Keeper;
  std::shared_ptr<Keeper> keeper_;
};

}  // namespace ikada
