using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Tally.Telemetry.Hosting;

/// <summary>Options that refuse to start wrong.</summary>
public static class StrictOptionsExtensions
{
    /// <summary>
    /// Binds a section to options and stops the start when a key in it is unknown, when a value can't be converted, or when one is outside its
    /// annotations (<c>[Range]</c>, <c>[Required]</c> …), naming setting, value and what is allowed. Properties that are dictionaries take any key.
    /// </summary>
    /// <typeparam name="TOptions">The options.</typeparam>
    /// <param name="services">The service's services.</param>
    /// <param name="section">The section, for example <c>Outbox</c>.</param>
    /// <param name="crossChecks">Finds what is wrong between settings, a sentence each; called when each setting is right by itself.</param>
    /// <returns>The builder of the options.</returns>
    public static OptionsBuilder<TOptions> AddStrictOptions<TOptions>(
        this IServiceCollection services, string section, Func<TOptions, IEnumerable<string>>? crossChecks = null)
        where TOptions : class
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddStrictSection<TOptions>(section);
        services.AddSingleton<IValidateOptions<TOptions>>(new LimitsValidator<TOptions>(section, crossChecks));
        return services.AddOptions<TOptions>()
            .Configure<IConfiguration>((options, configuration) =>
            {
                // The binder's own exceptions say neither what is allowed nor more than one fault.
                var faults = StrictConfiguration.Check(configuration, new StrictSection(section, typeof(TOptions)));
                if (faults.Count > 0)
                {
                    throw new OptionsValidationException(Options.DefaultName, typeof(TOptions), faults);
                }

                configuration.GetSection(section).Bind(options);
            })
            .ValidateOnStart();
    }

    /// <summary>
    /// Only the check for unknown keys and values that can't be converted, for options that a library binds and validates itself.
    /// </summary>
    /// <typeparam name="TOptions">What the section is bound to.</typeparam>
    /// <param name="services">The service's services.</param>
    /// <param name="section">The section, for example <c>Outbox</c>.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddStrictSection<TOptions>(this IServiceCollection services, string section)
        where TOptions : class
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(section);
        services.AddSingleton(new StrictSection(section, typeof(TOptions)));
        services.AddOptions<StrictConfiguration.Gate>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StrictConfiguration.Gate>, StrictConfiguration.GateKeeper>());
        return services;
    }
}
