// A connection between two hosts that carries JSON values both ways, in order. node_link.h is the
// real one; the simulator has its own.
//
// All calls and callbacks are on the loop's thread.
#pragma once

#include <functional>
#include <string_view>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

// The code of an error that means that nothing more was heard.
inline constexpr std::string_view kLinkSilent = "LINK_SILENT";
// And one that means that the certificates of both sides are not of the same authority.
inline constexpr std::string_view kLinkUntrusted = "LINK_UNTRUSTED";

class FrameLink {
 public:
  struct Listener {
    // Both know who the other is.
    std::function<void()> on_ready;
    std::function<void(const Json& frame)> on_frame;
    // Once, unless close() came first; nothing follows. kDenied: the other side is not accepted.
    std::function<void(const Error& why)> on_end;
  };

  virtual ~FrameLink() = default;

  virtual void send(const Json& frame) = 0;
  // What was sent before still goes out. Nothing is called back from now on.
  virtual void finish() = 0;
  virtual void close() = 0;
};

}  // namespace ikada
