// The real PowerShell engine (NuGet: System.Management.Automation, MIT) for tests of scripts on computers without PowerShell: its parser, binder,
// pipeline and error records. Cmdlets of other modules are not there; a test brings stand-ins as functions of its prelude. Never shipped.
//
// One request a line on stdin, one answer a line on stdout, both JSON:
//   {"id", "script", "prelude"?, "result"?}
//     errors     what the parser says: [{"message", "line", "column"}]
//     newer      constructs that Windows PowerShell 5.1 does not have: ["line 3: ?:"]
//     With "prelude" the script is also run, the prelude's functions before it, in a scope of its own:
//     failed     message of the terminating error, or null
//     warnings   what Write-Warning said
//     result     the value of the global variable that "result" names, each entry a list of texts
using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

Console.InputEncoding = Console.OutputEncoding = new UTF8Encoding(false);
var state = InitialSessionState.CreateDefault2();
state.ThreadOptions = PSThreadOptions.UseCurrentThread;
using var runspace = RunspaceFactory.CreateRunspace(state);
runspace.Open();
Runspace.DefaultRunspace = runspace;

var input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true };
while (input.ReadLine() is { } line)
{
    var request = JsonNode.Parse(line)!;
    var script = (string)request["script"]!;
    var tree = Parser.ParseInput(script, out var tokens, out var errors);
    var answer = new JsonObject
    {
        ["id"] = request["id"]!.DeepClone(),
        ["errors"] = new JsonArray([.. errors.Select(e => new JsonObject { ["message"] = e.Message, ["line"] = e.Extent.StartLineNumber, ["column"] = e.Extent.StartColumnNumber })]),
        ["newer"] = new JsonArray([.. Newer(tree, tokens).Select(word => JsonValue.Create(word))]),
    };
    if ((string?)request["prelude"] is { } prelude && errors.Length == 0) Run(prelude, script, (string?)request["result"], answer);
    output.WriteLine(answer.ToJsonString());
}

void Run(string prelude, string script, string? result, JsonObject answer)
{
    using var shell = PowerShell.Create(runspace);
    string? failed = null;
    try
    {
        shell.AddScript(prelude, useLocalScope: false).AddStatement().AddScript(script, useLocalScope: true).Invoke();
        if (shell.Streams.Error.Count > 0) failed = string.Join("\n", shell.Streams.Error.Select(e => e.ToString()));
    }
    catch (RuntimeException e) { failed = e.Message; }
    answer["failed"] = failed;
    answer["warnings"] = new JsonArray([.. shell.Streams.Warning.Select(w => JsonValue.Create(w.Message))]);
    if (result is not null) answer["result"] = new JsonArray([.. Items(runspace.SessionStateProxy.GetVariable(result)).Select(one => new JsonArray([.. Items(one).Select(word => JsonValue.Create(word?.ToString()))]))]);
}

static IEnumerable<object?> Items(object? value) => (value is PSObject wrapped ? wrapped.BaseObject : value) switch { null => [], string text => [text], IEnumerable list => list.Cast<object?>().Select(one => one is PSObject p ? p.BaseObject : one), var one => [one] };

static IEnumerable<string> Newer(ScriptBlockAst tree, Token[] tokens)
{
    foreach (var ast in tree.FindAll(a => a is TernaryExpressionAst or PipelineChainAst, true)) yield return $"line {ast.Extent.StartLineNumber}: {(ast is TernaryExpressionAst ? "?:" : "&& or ||")}";
    foreach (var token in tokens) if (token.Kind is TokenKind.QuestionQuestion or TokenKind.QuestionQuestionEquals or TokenKind.QuestionDot or TokenKind.QuestionLBracket) yield return $"line {token.Extent.StartLineNumber}: {token.Text}";
}
