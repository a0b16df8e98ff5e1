// Reads requests from a client's bytes: the head whole, the body as it is asked for.
//
// Source: RFC 9112, sections 3, 6 and 7; Boost.Beast 1.81, basic_parser.
#pragma once

#include <optional>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "image/registry/config.h"
#include "image/registry/exchange.h"
#include "image/registry/transport.h"

namespace ikada::registry {

// What became of an attempt to read a head.
enum class HeadOutcome {
  kRead,
  kClosed,   // The client has gone, or its time was up.
  kRefused,  // No request, or one with two meanings: see refusal().
};

class RequestReader final : public RequestBody {
 public:
  // Owns neither. All calls come from the same coroutine.
  RequestReader(ClientSocket& socket,
                Transport& transport,
                const RequestLimits& limits,
                const Yield& yield)
      : socket_(socket), transport_(transport), limits_(limits), yield_(yield) {}

  // Waits for the next request. The body of the one before has been read to its end.
  HeadOutcome read_head();

  // The head that was read; `is_secure` is left to the caller.
  RequestHead take_head() const;

  const Answer& refusal() const { return refusal_; }

  Result<size_t> read(std::span<char> out) override;

  bool keeps_alive() const { return parser_->get().keep_alive(); }

  // Reads what is left of the body if that is little; false if the connection has to be closed
  // instead, because the client may still send much or wait for our word.
  bool drain();

  // Reads on after the last answer, so that the client gets to read that before it finds the
  // connection closed.
  void linger();

 private:
  Result<size_t> read_more(size_t wanted);
  HeadOutcome refuse(unsigned status, std::string_view message);
  HeadOutcome check_head();

  using Parser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;

  ClientSocket& socket_;
  Transport& transport_;
  const RequestLimits& limits_;
  const Yield& yield_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  bool expects_continue_ = false;
  bool is_broken_ = false;
  Answer refusal_;
};

}  // namespace ikada::registry
