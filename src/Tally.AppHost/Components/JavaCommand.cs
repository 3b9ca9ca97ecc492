using Tally.AppHost.Components.Processes;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Components;

/// <summary>How Kafka's programs are run: a small heap, the collector for few cores, and the compiler that starts quickly.</summary>
/// <param name="Java">The Java.</param>
/// <param name="Distribution">The Kafka.</param>
internal sealed record JavaCommand(JavaTool Java, KafkaDistribution Distribution)
{
    /// <summary>Options that change how code is compiled; a class archive fits one set of them.</summary>
    public static IReadOnlyList<string> Flags { get; } = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

    /// <summary>The command line of a class with a main method.</summary>
    /// <param name="heap">The largest heap, for example <c>512m</c>.</param>
    /// <param name="options">Further options of Java.</param>
    /// <param name="arguments">The class and its arguments.</param>
    public string[] Arguments(string heap, IEnumerable<string> options, params IEnumerable<string> arguments) =>
        [$"-Xmx{heap}", .. Flags, .. options, "-cp", Distribution.ClassPath, .. arguments];

    /// <summary>A plan that runs a class.</summary>
    /// <param name="heap">The largest heap.</param>
    /// <param name="logFile">Its log.</param>
    /// <param name="options">Further options of Java.</param>
    /// <param name="arguments">The class and its arguments.</param>
    public LaunchPlan Plan(string heap, string logFile, IEnumerable<string> options, params IEnumerable<string> arguments) =>
        new(Java.Path, Arguments(heap, options, arguments), logFile);
}
