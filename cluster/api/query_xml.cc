#include "cluster/api/query_xml.h"

#include <fmt/core.h>

namespace ikada {
namespace {

constexpr unsigned kFirstServerFault = 500;
constexpr unsigned kFirstError = 400;

// XML 1.0 has no way to write most control characters.
void add_text(std::string& xml, std::string_view text) {
  constexpr unsigned char kFirstPrintable = 0x20;
  for (const char each : text) {
    switch (each) {
      case '&':
        xml += "&amp;";
        break;
      case '<':
        xml += "&lt;";
        break;
      case '>':
        xml += "&gt;";
        break;
      case '\r':
        xml += "&#13;";
        break;
      default:
        const bool is_written =
            static_cast<unsigned char>(each) >= kFirstPrintable || each == '\n' || each == '\t';
        xml += is_written ? each : '?';
    }
  }
}

void add_element(std::string& xml, std::string_view name, const Json& value);

// The only map in an answer: its names are data.
constexpr std::string_view kMap = "ExtendedStatistics";

void add_map(std::string& xml, const Json& map) {
  for (const auto& [key, value] : map.items()) {
    xml += "<entry>";
    add_element(xml, "key", key);
    add_element(xml, "value", value);
    xml += "</entry>";
  }
}

void add_content(std::string& xml, const Json& value) {
  if (value.is_object()) {
    for (const auto& [name, each] : value.items()) add_element(xml, name, each);
  } else if (value.is_array()) {
    for (const Json& each : value) add_element(xml, "member", each);
  } else if (value.is_string()) {
    add_text(xml, value.get_ref<const std::string&>());
  } else if (!value.is_null()) {
    xml += value.dump();
  }
}

void add_element(std::string& xml, std::string_view name, const Json& value) {
  xml += fmt::format("<{}>", name);
  if (name == kMap) {
    add_map(xml, value);
  } else {
    add_content(xml, value);
  }
  xml += fmt::format("</{}>", name);
}

std::string text_in(const Json& body, const char* member) {
  const auto found = body.find(member);
  return found != body.end() && found->is_string() ? found->get<std::string>() : "";
}

// What is nobody's own error has other names in this protocol.
std::string error_name(const std::string& name) {
  if (name == "InvalidSignatureException") return "SignatureDoesNotMatch";
  if (name == "UnrecognizedClientException") return "InvalidClientTokenId";
  if (name == "ExpiredTokenException") return "ExpiredToken";
  if (name == "MissingAuthenticationTokenException") return "MissingAuthenticationToken";
  if (name == "IncompleteSignatureException") return "IncompleteSignature";
  if (name == "ServerException") return "InternalFailure";
  if (name == "AccessDeniedException") return "AccessDenied";
  if (name == "UnknownOperationException") return "InvalidAction";
  if (name == "SerializationException" || name == "ClientException" ||
      name == "InvalidParameterException") {
    return "ValidationError";
  }
  return name;
}

}  // namespace

ApiReply xml_reply(std::string_view action, std::string_view xml_namespace, ApiReply reply) {
  const Result<Json> parsed = parse_json(reply.body);
  const Json body = parsed.has_value() && parsed->is_object() ? *parsed : Json::object();
  std::string xml;
  if (reply.status >= kFirstError) {
    const bool is_ours = reply.status >= kFirstServerFault;
    add_element(xml, "Type", is_ours ? "Receiver" : "Sender");
    add_element(xml, "Code", error_name(text_in(body, "__type")));
    add_element(xml, "Message", text_in(body, "message"));
    reply.body = fmt::format(
        "<ErrorResponse xmlns=\"{}\"><Error>{}</Error><RequestId>{}</RequestId></ErrorResponse>",
        xml_namespace,
        xml,
        reply.request_id);
    return reply;
  }
  add_content(xml, body);
  reply.body = fmt::format(
      "<{0}Response xmlns=\"{1}\"><{0}Result>{2}</{0}Result><ResponseMetadata><RequestId>{3}"
      "</RequestId></ResponseMetadata></{0}Response>",
      action,
      xml_namespace,
      xml,
      reply.request_id);
  return reply;
}

}  // namespace ikada
