using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Tally.Telemetry.Hosting;

/// <summary>Says why a service didn't start, and with which exit code it ends.</summary>
internal static class StartFault
{
    public const int Clean = 0;
    public const int Crash = 1;
    public const int WrongSetting = 2;
    public const int Unavailable = 3;

    /// <summary>Whether the fault is one that the operator can mend, and so needs no stack trace.</summary>
    public static bool IsKnown(Exception fault) => Code(fault) != Crash;

    /// <summary>
    /// Validates all options before anything is made from them, and throws with every fault at once. A library that binds its options itself throws the
    /// binder's exception, which is left out when the check of the section has said it better.
    /// </summary>
    public static void ThrowIfMisconfigured(IServiceProvider services)
    {
        var faults = new List<Exception>();
        Collect(() => _ = services.GetService<IOptions<StrictConfiguration.Gate>>()?.Value, faults);
        Collect(() => services.GetService<IStartupValidator>()?.Validate(), faults);
        if (faults.Count > 0)
        {
            throw new AggregateException(faults.Exists(IsKnown) ? faults.FindAll(IsKnown) : faults);
        }
    }

    /// <summary>Writes a line for each fault, and gives the exit code.</summary>
    public static int Say(Exception fault, IReadOnlyList<WantedAddress> wanted, TextWriter output)
    {
        foreach (var line in Lines(fault, wanted).Distinct(StringComparer.Ordinal))
        {
            output.WriteLine(line);
        }

        return Code(fault);
    }

    private static void Collect(Action check, List<Exception> faults)
    {
        try
        {
            check();
        }
#pragma warning disable CA1031 // Thrown again by the caller, together with the others.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            faults.Add(fault);
        }
    }

    private static int Code(Exception fault) => fault switch
    {
        OptionsValidationException => WrongSetting,
        AggregateException several => several.InnerExceptions.Max(Code),
        StartFailedException or FileNotFoundException or DllNotFoundException => Unavailable,
        _ when ListenFault.In(fault) is not null => Unavailable,
        _ => Crash,
    };

    private static IEnumerable<string> Lines(Exception fault, IReadOnlyList<WantedAddress> wanted) => fault switch
    {
        OptionsValidationException options => options.Failures,
        AggregateException several => several.InnerExceptions.SelectMany(inner => Lines(inner, wanted)),
        _ when ListenFault.In(fault) is { } refused => ListenFault.Lines(refused, wanted),
        _ when IsKnown(fault) => [fault.Message],
        _ => [$"The service ended because of a fault it doesn't know: {fault.GetType().Name}: {fault.Message}"],
    };
}
