// A pull as a person watches it: a line for each layer with its bar on a terminal, a line for each
// step elsewhere.
//
// Source: docker-pull(1), whose words these are.
#pragma once

#include <stdio.h>

#include <string>

#include "cmd/ikada/context.h"
#include "cmd/ikada/layer_lines.h"
#include "image/pull.h"
#include "image/reference.h"
#include "image/store.h"
#include "runtime/base/result.h"

namespace ikada {

struct PullWish {
  std::string platform;  // Empty: this host's.
  bool quiet = false;    // Print nothing.
  FILE* out = stdout;
};

// Pulls and shows it, from "latest: Pulling from library/nginx" to "Status: …".
Result<PullResult> pull_and_show(const Context& context,
                                 ImageStore& store,
                                 const Reference& reference,
                                 const PullWish& wish);

// The same on a display that others use, too.
Result<PullResult> pull_and_show(const Context& context,
                                 ImageStore& store,
                                 const Reference& reference,
                                 const PullWish& wish,
                                 LayerLines& lines);

}  // namespace ikada
