using System.CommandLine;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary>A command of the program: what its parser wants, plus an example and what it does.</summary>
internal sealed class TallyCommand(string name, string description, string example) : Command(name, description)
{
    /// <summary>Shown below the help.</summary>
    public string Example => example;

    /// <summary>Does it, and says how the program ends.</summary>
    public required Func<CommandCall, Task<int>> RunAsync { get; init; }

    /// <summary>A command that only holds others.</summary>
    public static TallyCommand Group(string name, string description, string example, params IReadOnlyList<TallyCommand> commands)
    {
        var group = new TallyCommand(name, description, example)
        {
            RunAsync = _ => throw CommandException.Usage($"Say what to do with it. See ./tally {name} --help"),
        };
        foreach (var command in commands)
        {
            group.Add(command);
        }

        return group;
    }

    /// <summary>Adds its arguments.</summary>
    public TallyCommand Takes(params IReadOnlyList<Argument> arguments)
    {
        foreach (var argument in arguments)
        {
            Add(argument);
        }

        return this;
    }

    /// <summary>Adds its options.</summary>
    public TallyCommand Knows(params IReadOnlyList<Option> options)
    {
        foreach (var option in options)
        {
            Add(option);
        }

        return this;
    }
}

/// <summary>One call of a command.</summary>
/// <param name="Line">The parsed command line.</param>
/// <param name="Output">Where the answer goes.</param>
internal sealed record CommandCall(ParseResult Line, CommandOutput Output)
{
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Which system is meant, as it was said.</summary>
    public string DataFolder => Line.GetValue(CommonOptions.Data)!;

    /// <summary>The system there, which must be running.</summary>
    /// <exception cref="CommandException">There is none.</exception>
    public SystemState ReadRunning()
    {
        try
        {
            return SystemFiles.ReadRunning(DataFolder);
        }
        catch (SystemProblemException problem)
        {
            throw CommandException.NotRunning(problem.Message);
        }
    }
}
