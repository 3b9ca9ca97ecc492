namespace Tally.Telemetry.Hosting;

/// <summary>Something that a service needs to start can't be had. The message says what, why and what to do; the service ends with exit code 3.</summary>
public sealed class StartFailedException : Exception
{
    /// <summary>Makes one without a message.</summary>
    public StartFailedException()
    {
    }

    /// <summary>Makes one.</summary>
    /// <param name="message">What can't be had, why, and what to do.</param>
    public StartFailedException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with the exception behind it.</summary>
    /// <param name="message">What can't be had, why, and what to do.</param>
    /// <param name="innerException">The exception behind it.</param>
    public StartFailedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
