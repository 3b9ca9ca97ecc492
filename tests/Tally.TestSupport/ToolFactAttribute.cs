using Tally.AppHost.Hosting;
using Xunit;

namespace Tally.TestSupport;

/// <summary>A test that needs a program on the path, and is skipped where it's missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ToolFactAttribute : FactAttribute
{
    /// <summary>Names the programs.</summary>
    /// <param name="programs">Their names.</param>
    public ToolFactAttribute(params string[] programs)
    {
        ArgumentNullException.ThrowIfNull(programs);
        Programs = programs;
        Skip = WhyNot(programs);
    }

    /// <summary>The programs.</summary>
    public IReadOnlyList<string> Programs { get; }

    /// <summary>The path of a program, or null.</summary>
    /// <param name="program">Its name.</param>
    public static string? FindProgram(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);

    /// <summary>Null when all programs are there, or else what is missing.</summary>
    internal static string? WhyNot(IEnumerable<string> programs)
    {
        var missing = programs.Where(program => FindProgram(program) is null).ToArray();
        return missing.Length > 0 ? $"needs {string.Join(" and ", missing)} on the PATH" : null;
    }
}

/// <summary>A test that needs a current Kafka: the old one lacks record headers, idempotent producers and requests for topics.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KafkaFactAttribute : FactAttribute
{
    /// <summary>Skips where a program is missing, or where the old Kafka is the only one.</summary>
    /// <param name="programs">Programs that must be on the path.</param>
    public KafkaFactAttribute(params string[] programs)
    {
        Programs = programs;
        Skip = ToolFactAttribute.WhyNot(programs) ?? ModernKafka.WhyNot;
    }

    /// <summary>The programs.</summary>
    public IReadOnlyList<string> Programs { get; }
}

/// <summary>A theory that needs a current Kafka.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KafkaTheoryAttribute : TheoryAttribute
{
    /// <summary>Skips where a program is missing, or where the old Kafka is the only one.</summary>
    /// <param name="programs">Programs that must be on the path.</param>
    public KafkaTheoryAttribute(params string[] programs)
    {
        Programs = programs;
        Skip = ToolFactAttribute.WhyNot(programs) ?? ModernKafka.WhyNot;
    }

    /// <summary>The programs.</summary>
    public IReadOnlyList<string> Programs { get; }
}

/// <summary>A test that takes minutes: it runs only where it's asked for.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ThoroughFactAttribute : FactAttribute
{
    /// <summary>Skips unless everything is asked for, where a program is missing, or where the old Kafka is the only one.</summary>
    /// <param name="programs">Programs that must be on the path.</param>
    public ThoroughFactAttribute(params string[] programs)
    {
        Programs = programs;
        Skip = WhyNot(programs);
    }

    /// <summary>The programs.</summary>
    public IReadOnlyList<string> Programs { get; }

    internal static string? WhyNot(IEnumerable<string> programs) =>
        Environment.GetEnvironmentVariable(TestVariables.Thorough) is null or "" ? "takes minutes: ./tally test --thorough runs it"
            : ToolFactAttribute.WhyNot(programs) ?? ModernKafka.WhyNot;
}

/// <summary>A theory that takes minutes: it runs only where it's asked for.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ThoroughTheoryAttribute : TheoryAttribute
{
    /// <summary>Skips unless everything is asked for, where a program is missing, or where the old Kafka is the only one.</summary>
    /// <param name="programs">Programs that must be on the path.</param>
    public ThoroughTheoryAttribute(params string[] programs)
    {
        Programs = programs;
        Skip = ThoroughFactAttribute.WhyNot(programs);
    }

    /// <summary>The programs.</summary>
    public IReadOnlyList<string> Programs { get; }
}
