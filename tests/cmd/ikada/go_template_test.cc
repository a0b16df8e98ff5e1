#include "cmd/ikada/go_template.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

const Json& inspected() {
  static const Json kData = Json::parse(R"({
    "Id": "4f1c9a", "Name": "/web", "RestartCount": 0, "Size": 1234567890123, "Load": 0.25,
    "State": {"Status": "running", "Running": true, "Pid": 42, "ExitCode": 0, "Health": null},
    "Config": {
      "Env": ["PATH=/bin", "A=b"], "Cmd": ["nginx", "-g", "daemon off;"], "Entrypoint": null,
      "Labels": {"com.example.role": "front", "tier": "1"}, "Tty": false
    },
    "Mounts": [],
    "NetworkSettings": {
      "Networks": {"bridge": {"IPAddress": "172.17.0.2"}, "inner": {"IPAddress": "10.0.0.9"}},
      "Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "443/tcp": null}
    }
  })");
  return kData;
}

TEST_CASE("render prints what docker inspect --format prints") {
  struct Row {
    const char* format;
    const char* expected;
  };
  const Row rows[] = {
      {"", ""},
      {"plain { text }", "plain { text }"},
      {"{{.Id}}", "4f1c9a"},
      {"{{ .Id }} {{.Name}}", "4f1c9a /web"},
      {"{{.State.Status}}", "running"},
      {"{{.State.Running}} {{.State.Pid}} {{.Size}} {{.Load}}", "true 42 1234567890123 0.25"},
      {"{{.Config.Cmd}}", "[nginx -g daemon off;]"},
      {"{{.Config.Labels}}", "map[com.example.role:front tier:1]"},
      {"{{.Config.Entrypoint}}", "<no value>"},
      {"{{json .Config.Cmd}}", R"(["nginx","-g","daemon off;"])"},
      {"{{json .Config.Entrypoint}}", "null"},
      {"{{.Config.Env | json}}", R"(["PATH=/bin","A=b"])"},
      {"{{json .State.Health}}", "null"},
      {"{{index .Config.Labels \"com.example.role\"}}", "front"},
      {"{{index .Config.Labels `tier`}}", "1"},
      {"[{{index .Config.Labels \"none\"}}]", "[]"},
      {"{{index .Config.Env 1}}", "A=b"},
      {"{{.Config.Labels.tier}}", "1"},
      {"{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}", "8080"},
      {"{{(index .NetworkSettings.Networks \"bridge\").IPAddress}}", "172.17.0.2"},
      {"{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "172.17.0.210.0.0.9"},
      {"{{range .NetworkSettings.Networks}}{{.IPAddress}} {{$.Id}} {{end}}",
       "172.17.0.2 4f1c9a 10.0.0.9 4f1c9a "},
      {"{{range $k, $v := .NetworkSettings.Networks}}{{$k}}={{$v.IPAddress}};{{end}}",
       "bridge=172.17.0.2;inner=10.0.0.9;"},
      {"{{range $p, $conf := .NetworkSettings.Ports}}{{if $conf}}{{$p}} -> "
       "{{(index $conf 0).HostPort}} {{end}}{{end}}",
       "80/tcp -> 8080 "},
      {"{{range .Config.Env}}{{println .}}{{end}}", "PATH=/bin\nA=b\n"},
      {"{{range $i, $e := .Config.Env}}{{if $i}}, {{end}}{{$e}}{{end}}", "PATH=/bin, A=b"},
      {"{{range .Mounts}}x{{else}}none{{end}}", "none"},
      {"{{range .Config.Env}}{{if eq . \"A=b\"}}{{break}}{{end}}{{.}}{{end}}", "PATH=/bin"},
      {"{{range .Config.Cmd}}{{if eq . \"-g\"}}{{continue}}{{end}}{{.}} {{end}}",
       "nginx daemon off; "},
      {"{{if .State.Running}}up{{else}}down{{end}}", "up"},
      {"{{if .Config.Tty}}tty{{else if .State.Running}}up{{else}}down{{end}}", "up"},
      {"{{if and .State.Running (not .Config.Tty)}}yes{{end}}", "yes"},
      {"{{if or .Config.Tty .State.Running}}yes{{end}}", "yes"},
      {"{{if eq .State.Status \"exited\" \"running\"}}one of{{end}}", "one of"},
      {"{{if ne .State.ExitCode 0}}bad{{else}}good{{end}}", "good"},
      {"{{if gt .State.Pid 10}}{{if le .State.Pid 42}}between{{end}}{{end}}", "between"},
      {"{{with .State.Health}}{{.Status}}{{else}}no health{{end}}", "no health"},
      {"{{with .State}}{{.Status}}{{end}}", "running"},
      {"{{with $s := .State}}{{$s.Pid}}{{end}}", "42"},
      {"{{$id := .Id}}{{$id}}{{$id = \"x\"}}{{$id}}", "4f1c9ax"},
      {"{{len .Config.Env}} {{len .Id}} {{len .Config.Labels}} {{len .Config.Entrypoint}}",
       "2 6 2 0"},
      {"{{join .Config.Cmd \",\"}}", "nginx,-g,daemon off;"},
      {"{{join (split .Name \"/\") \"-\"}}", "-web"},
      {"{{upper .Name}} {{.State.Status | title}} {{lower \"ABC\"}}", "/WEB Running abc"},
      {"{{truncate .Id 4}} {{slice .Id 1 3}} [{{pad .Id 1 2}}]", "4f1c f1 [ 4f1c9a  ]"},
      {"{{printf \"%s-%d|%5d|%-4s|%q|%05.1f|%t|%v|%x|%%\" .Id .State.Pid 7 \"ab\" \"q\" .Load true "
       ".Config.Cmd 255}}",
       "4f1c9a-42|    7|ab  |\"q\"|000.2|true|[nginx -g daemon off;]|ff|%"},
      {"{{printf \"%d %s\" .Id}}", "%!d(string=4f1c9a) %!s(MISSING)"},
      {"{{print 1 2 \"a\" \"b\" 3}}", "1 2ab3"},
      {"{{.Id | printf \"%s %s\" .Name}}", "/web 4f1c9a"},
      {"a  {{- .Id -}}  b", "a4f1c9ab"},
      {"{{/* nothing */}}x{{- /* trimmed */ -}} y", "xy"},
      {"{{\"a\\tb\\\"c\"}}", "a\tb\"c"},
      {"{{3 -}} {{- 4.5}} {{-1}}", "34.5 -1"},
      {"{{true}} {{not true}}", "true false"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.format);
    const Result<std::string> text = render(row.format, inspected());
    REQUIRE_MESSAGE(text.has_value(), (text.has_value() ? "" : text.error().message));
    CHECK(*text == row.expected);
  }
}

TEST_CASE("render names the place and kind of a mistake") {
  struct Row {
    const char* format;
    const char* message;
  };
  const Row rows[] = {
      {"{{.Nope}}", "template: at character 3: map has no entry for key \"Nope\""},
      {"{{.Id.Sub}}", "template: at character 3: can't evaluate field Sub in a string"},
      {"{{.State.Health.Status}}", "template: at character 3: nil pointer evaluating field Status"},
      {"{{index .Config.Env 9}}", "template: at character 3: index out of range: 9"},
      {"{{.Id \"x\"}}", "template: at character 3: can't give argument to non-function Id"},
      {"{{lt .Id 3}}", "template: at character 3: incompatible types for comparison"},
      {"{{range .Id}}{{end}}", "template: range can't iterate over \"4f1c9a\""},
      {"{{$x}}", "template: at character 3: undefined variable \"$x\""},
      {"{{foo .Id}}", "template parsing error: at character 3: function \"foo\" not defined"},
      {"{{if .Id}}x", "template parsing error: at character 3: no {{end}} for this action"},
      {"x{{.Id", "template parsing error: at character 2: unclosed action"},
      {"{{end}}", "template parsing error: at character 1: unexpected {{end}}"},
      {"{{}}", "template parsing error: at character 3: missing value"},
      {"{{\"abc}}", "template parsing error: at character 3: unterminated quoted string"},
      {"{{(.Id}}", "template parsing error: at character 3: unclosed left parenthesis"},
      {"{{.Id)}}", "template parsing error: at character 6: unexpected ')' in action"},
      {"{{.Id ; .Id}}", "template parsing error: at character 7: unexpected character ';'"},
      {"{{break}}", "template parsing error: at character 1: break outside range"},
      {"{{define \"x\"}}{{end}}",
       "template parsing error: at character 1: define is not supported"},
      {"{{1x}}", "template parsing error: at character 3: bad number '1x'"},
      {"{{/* x }}", "template parsing error: at character 1: unclosed comment"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.format);
    const Result<std::string> text = render(row.format, inspected());
    REQUIRE(!text.has_value());
    CHECK(text.error().message == row.message);
    CHECK(text.error().kind == ErrorKind::kInvalid);
  }
}

TEST_CASE("a template that nests without end is refused") {
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "{{if 1}}";
  CHECK(!render(deep, Json::object()).has_value());
  CHECK(!render("{{" + std::string(5000, '('), Json::object()).has_value());
}

}  // namespace
}  // namespace ikada
