namespace Tally.AppHost.Hosting;

/// <summary>
/// A system can't be started, reached or kept alive. The message is a whole sentence for people: which component, why, and what to do.
/// </summary>
public sealed class SystemProblemException : Exception
{
    /// <summary>Makes one that ends the program with 3.</summary>
    /// <param name="component">The component or tool at fault.</param>
    /// <param name="message">Why, and what to do.</param>
    /// <param name="inner">What it comes from, if anything.</param>
    public SystemProblemException(string component, string message, Exception? inner = null)
        : base(message, inner) => Component = component;

    /// <summary>The component or tool at fault.</summary>
    public string Component { get; }

    /// <summary>The last lines that the component logged, if it did.</summary>
    public IReadOnlyList<string> LogLines { get; init; } = [];

    /// <summary>How the program ends: 3 a component couldn't be started, 2 a setting is wrong.</summary>
    public int ExitCode { get; init; } = 3;
}
