using Grpc.Core;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary>A command failed in a way that people should read: a code for programs, a sentence, and how the program ends.</summary>
internal sealed class CommandException(string code, string message, int exitCode, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What went wrong, for programs: a gRPC code's name, <c>USAGE</c>, <c>NOT_RUNNING</c>, …</summary>
    public string Code => code;

    public int ExitCode => exitCode;

    /// <summary>The message as people see it, who don't see the code.</summary>
    public string Words { get; private init; } = message;

    /// <summary>The last lines of the component at fault, if it logged any.</summary>
    public IReadOnlyList<string> LogLines { get; init; } = [];

    public static CommandException Usage(string message) => new("USAGE", message, ExitCodes.Usage);

    public static CommandException NotRunning(string message) => new("NOT_RUNNING", message, ExitCodes.NotRunning);

    public static CommandException Unavailable(string message, Exception? inner = null) =>
        new("UNAVAILABLE", message, ExitCodes.Failed, inner);

    public static CommandException Interrupted() => new("CANCELLED", "Stopped before it was done.", ExitCodes.Interrupted);

    /// <summary>A call that was refused or failed: the server's own words, and what to do about it behind them.</summary>
    public static CommandException Of(RpcException failure, string advice = "")
    {
        var code = GrpcCodes.NameOf(failure.StatusCode);
        var message = failure.Status.Detail + advice;
        return new(code, message, ExitCodes.Failed, failure) { Words = $"{code}: {message}" };
    }

    public static CommandException Of(SystemProblemException problem, bool logIsShown = false) => new(
        problem.ExitCode == ExitCodes.Usage ? "USAGE" : "COMPONENT_FAILED",
        problem.Message,
        problem.ExitCode,
        problem)
    {
        // A log that is shown ends with the sentence.
        LogLines = logIsShown ? [] : problem.LogLines,
        Words = logIsShown && problem.LogLines.Count > 0 ? "The system wasn't started; why is said above." : problem.Message,
    };
}
