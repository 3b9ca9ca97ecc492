using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Tally.AppHost.Commands;

/// <summary>The usual help with the command's example below it.</summary>
internal sealed class HelpWithExample(HelpAction usual) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var configuration = parseResult.InvocationConfiguration;
        var output = configuration.Output;
        using var help = new StringWriter();
        configuration.Output = help;
        var exitCode = usual.Invoke(parseResult);
        configuration.Output = output;

        // What people type is the wrapper's name, not the program's.
        output.Write(help.ToString().Replace($"  {RootCommand.ExecutableName}", "  ./tally", StringComparison.Ordinal));
        var example = parseResult.CommandResult.Command is TallyCommand command ? command.Example : "./tally demo";
        output.WriteLine($"Example:\n  {example}");
        return exitCode;
    }
}
